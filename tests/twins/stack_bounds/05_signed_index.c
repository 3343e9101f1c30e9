// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int put(struct xdp_md *ctx)
{
	unsigned char slots[32] = {};
#ifdef UNSAFE
	int at = ctx->rx_queue_index;
#else
	unsigned int at = ctx->rx_queue_index;
#endif

	if (at < 32)
		slots[at] = 1;
	return slots[ctx->ingress_ifindex & 31] ? XDP_PASS : XDP_DROP;
}
