// type: xdp
// code: V021
// level: warning
// kernel: accepts-unsafe
// why: Linux defines a division by zero
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int span(struct xdp_md *ctx)
{
	__u32 low = ctx->rx_queue_index & 0xff, high = (ctx->ingress_ifindex & 0xff) + 0x100;

#ifdef UNSAFE
	low += 0x1;
#endif
	return 1000 / (high - low);
}
