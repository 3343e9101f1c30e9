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

static __noinline int eighth(__u32 number)
{
	barrier_var(number);
	return number + 7;
}

CALLS(seventh, eighth)
CALLS(sixth, seventh)
CALLS(fifth, sixth)
CALLS(fourth, fifth)
CALLS(third, fourth)
CALLS(second, third)
CALLS(first, second)

SEC("xdp")
int nests(struct xdp_md *ctx)
{
#ifdef UNSAFE
	return first(ctx->rx_queue_index) > 7 ? XDP_PASS : XDP_DROP;
#else
	return second(ctx->rx_queue_index) > 7 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
