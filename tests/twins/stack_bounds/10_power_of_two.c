// type: xdp
// code: V010
// access: yes
// kernel: rejects-safe
// why: Linux knows no bound of a number shifted by a variable
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int shifted(struct xdp_md *ctx)
{
	unsigned char slots[16] = {};
	unsigned int bits = ctx->rx_queue_index;

#ifdef UNSAFE
	if (bits > 4)
#else
	if (bits > 3)
#endif
		return XDP_DROP;
	slots[1u << bits] = 1;
	return slots[ctx->ingress_ifindex & 15];
}
