// type: xdp
// code: V034
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct flow {
	__u64 source;
	__u64 target;
};

__weak int ports(struct flow *flow)
{
	if (!flow)
		return 0;
	return flow->source + flow->target;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
#ifdef UNSAFE
	__u64 words[1] = {ctx->rx_queue_index};
#else
	__u64 words[2] = {ctx->rx_queue_index};
#endif

	return ports((struct flow *)words) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
