// type: xdp
// code: V061
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int depth(__u32 number, __u32 left)
{
	barrier_var(number);
	if (left == 0)
		return number;
#ifdef UNSAFE
	return (depth(number * 3, left - 1) ^ number) + 1;
#else
	return ((number * 3) ^ number) + 1;
#endif
}

SEC("xdp")
int nests(struct xdp_md *ctx)
{
	return depth(ctx->rx_queue_index, ctx->ingress_ifindex & 3) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
