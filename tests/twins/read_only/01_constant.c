// type: xdp
// code: V015
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const
#endif
volatile __u32 limit = 100;

SEC("xdp")
int lower(struct xdp_md *ctx)
{
	if (ctx->rx_queue_index < limit)
		*(volatile __u32 *)&limit = ctx->rx_queue_index;
	return XDP_PASS;
}
