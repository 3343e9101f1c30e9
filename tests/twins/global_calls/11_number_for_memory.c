// type: xdp
// code: V022
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__weak int first(__u32 *words)
{
	return words ? words[0] : 0;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

#ifdef UNSAFE
	return first((__u32 *)(long)queue) > 7 ? XDP_PASS : XDP_DROP;
#else
	return first(&queue) > 7 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
