// type: xdp
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct flow {
	__u32 source;
	__u32 target;
};

__weak int ports(struct flow *flow)
{
#ifndef UNSAFE
	if (!flow)
		return 0;
#endif
	return flow->source + flow->target;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	struct flow flow = {ctx->rx_queue_index, 2};

	return ports(&flow) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
