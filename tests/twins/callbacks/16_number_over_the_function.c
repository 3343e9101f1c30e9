// type: xdp
// code: V065
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int step(__u32 index, __u64 *sum)
{
	*sum += index;
	return 0;
}

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	int (*volatile chosen)(__u32, __u64 *) = step;
	__u64 sum = 0;

#ifdef UNSAFE
	if (ctx->rx_queue_index == 7)
		chosen = (void *)(long)ctx->ingress_ifindex;
#endif
	bpf_loop(16, chosen, &sum, 0);
	return sum > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
