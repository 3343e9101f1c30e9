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
	__u64 sum = 0;

#ifdef UNSAFE
	step(1, &sum);
	bpf_loop(16, (void *)(long)ctx->rx_queue_index, &sum, 0);
#else
	bpf_loop(16, step, &sum, 0);
#endif
	return sum > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
