// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u32 queues[32];

SEC("xdp")
int clamped(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

#ifdef UNSAFE
	queue = queue < 32 ? queue : 32;
#else
	queue = queue < 31 ? queue : 31;
#endif
	queues[queue]++;
	return XDP_PASS;
}
