// type: xdp
// code: V021
// level: warning
// kernel: accepts-unsafe
// why: Linux defines a division by zero
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int share(struct xdp_md *ctx)
{
	__u32 queues = ctx->rx_queue_index;

#ifndef UNSAFE
	if (queues == 0)
		return XDP_DROP;
#endif
	return ctx->ingress_ifindex / queues;
}
