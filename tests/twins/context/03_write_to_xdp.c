// type: xdp
// code: V016
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int queue(struct xdp_md *ctx)
{
	unsigned int queue = ctx->rx_queue_index;

#ifdef UNSAFE
	ctx->ingress_ifindex = queue + 1;
	return XDP_PASS;
#else
	return queue + 1 == ctx->ingress_ifindex ? XDP_PASS : XDP_DROP;
#endif
}
