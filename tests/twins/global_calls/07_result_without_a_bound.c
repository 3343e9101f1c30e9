// type: xdp
// code: V013
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 numbers[16];

__weak __u32 bucket(__u32 queue)
{
	return queue & 15;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	__u32 index = bucket(ctx->rx_queue_index);

	/* What the function does is not known to its callers. */
#ifndef UNSAFE
	if (index >= 16)
		return XDP_DROP;
#endif
	return numbers[index] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
