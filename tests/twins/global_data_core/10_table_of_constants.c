// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static const __u8 weights[12] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 9};

SEC("xdp")
int weighs(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

#ifdef UNSAFE
	if (queue > 12)
#else
	if (queue > 11)
#endif
		return XDP_DROP;
	return weights[queue];
}

char LICENSE[] SEC("license") = "GPL";
