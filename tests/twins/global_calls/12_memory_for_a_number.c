// type: xdp
// code: V068
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__weak int odd(__u64 number)
{
	return number & 1;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
#ifdef UNSAFE
	return odd((__u64)ctx) ? XDP_PASS : XDP_DROP;
#else
	return odd(ctx->rx_queue_index) ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
