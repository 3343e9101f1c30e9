// type: xdp
// code: V061
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int step(__u32 index, __u64 *sum)
{
	*sum += index;
#ifdef UNSAFE
	if (index == 3)
		bpf_loop(2, step, sum, 0);
#endif
	return 0;
}

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	__u64 sum = 0;

	bpf_loop(16, step, &sum, 0);
	return sum > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
