// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int put(struct xdp_md *ctx)
{
	unsigned long long slots[4] = {};
	unsigned int at = ctx->rx_queue_index, from = ctx->ingress_ifindex;

#ifdef UNSAFE
	if (at > 3)
#else
	if (at > 3 || from > 3)
#endif
		return XDP_DROP;
	slots[at] = 1;
	return slots[from] ? XDP_PASS : XDP_DROP;
}
