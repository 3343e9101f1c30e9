// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int last(struct xdp_md *ctx)
{
	unsigned char slots[64] = {};
	unsigned int count = ctx->rx_queue_index;

#ifndef UNSAFE
	if (count == 0)
		return XDP_DROP;
#endif
	if (count > 64)
		return XDP_DROP;
	slots[count - 1] = 1;
	return slots[ctx->ingress_ifindex & 63];
}
