// type: xdp
// code: V010
// access: yes
// kernel: both
// mcpu: v4
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int put(struct xdp_md *ctx)
{
	unsigned char slots[128] = {};
#ifdef UNSAFE
	short at = ctx->rx_queue_index;
#else
	unsigned short at = ctx->rx_queue_index;
#endif

	if (at >= 128)
		return XDP_DROP;
	slots[at] = 1;
	return slots[ctx->ingress_ifindex & 127];
}
