// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int put(struct xdp_md *ctx)
{
	unsigned int slots[8] = {};
	unsigned int at = ctx->rx_queue_index;

#ifdef UNSAFE
	if (at > 8)
#else
	if (at >= 8)
#endif
		return XDP_DROP;
	slots[at] = 1;
	return slots[ctx->ingress_ifindex & 7] ? XDP_PASS : XDP_DROP;
}
