// type: xdp
// code: V013
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 next;
__u8 ring[256];

SEC("xdp")
int append(struct xdp_md *ctx)
{
	__u32 at = next;

	if (at >= 256)
		return XDP_DROP;
#ifdef UNSAFE
	ring[next] = ctx->rx_queue_index;
#else
	ring[at] = ctx->rx_queue_index;
#endif
	return XDP_PASS;
}
