// type: xdp
// code: V068
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__weak int queue_of(struct xdp_md *ctx)
{
	return ctx->rx_queue_index;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
#ifdef UNSAFE
	struct xdp_md copy = {};

	return queue_of(&copy) > 7 ? XDP_PASS : XDP_DROP;
#else
	return queue_of(ctx) > 7 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
