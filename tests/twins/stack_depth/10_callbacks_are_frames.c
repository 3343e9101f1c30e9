// type: xdp
// code: V063
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CALLS(NAME, CALLEE)                          \
	static __noinline int NAME(__u32 number)     \
	{                                            \
		barrier_var(number);                 \
		return CALLEE(number * 3) + number;  \
	}

static __noinline int last(__u32 number)
{
	barrier_var(number);
	return number + 7;
}

CALLS(sixth, last)
CALLS(fifth, sixth)
CALLS(fourth, fifth)
CALLS(third, fourth)
CALLS(second, third)
CALLS(first, second)

static int step(__u32 index, __u64 *sum)
{
#ifdef UNSAFE
	*sum += first(index);
#else
	*sum += second(index);
#endif
	return 0;
}

SEC("xdp")
int nests(struct xdp_md *ctx)
{
	__u64 sum = 0;

	bpf_loop(4, step, &sum, 0);
	return sum > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
