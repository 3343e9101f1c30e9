// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 numbers[10];

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

#ifdef UNSAFE
	if (queue > 10)
#else
	if (queue >= 10)
#endif
		return XDP_DROP;
	return numbers[queue] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
