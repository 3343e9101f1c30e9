// type: xdp
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int step(__u32 index, __u64 *sum)
{
	*sum += index;
#ifdef UNSAFE
	return index * 2;
#else
	return index > 7;
#endif
}

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	__u64 sum = 0;

	bpf_loop(16, step, &sum, 0);
	return sum > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
