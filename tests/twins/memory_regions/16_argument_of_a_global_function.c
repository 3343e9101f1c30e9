// type: xdp
// code: V014
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	__u32 first;
	__u32 second;
};

__noinline int second_of(struct pair *pair)
{
	if (!pair)
		return 0;
#ifdef UNSAFE
	return pair[1].second & 1;
#else
	return pair[0].second & 1;
#endif
}

SEC("xdp")
int calls(struct xdp_md *ctx)
{
	struct pair pairs[2] = {{ctx->rx_queue_index, 2}, {3, ctx->ingress_ifindex}};

	return second_of(pairs);
}
