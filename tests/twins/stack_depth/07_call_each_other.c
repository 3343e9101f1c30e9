// type: xdp
// code: V061
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int odd(__u32 number);

static __noinline int even(__u32 number)
{
	barrier_var(number);
	if (number == 0)
		return 7;
#ifdef UNSAFE
	return odd(number - 1) + 3;
#else
	return (number & 1) + 3;
#endif
}

static __noinline int odd(__u32 number)
{
	barrier_var(number);
	if (number == 0)
		return 8;
	return even(number - 1) + 5;
}

SEC("xdp")
int counts_down(struct xdp_md *ctx)
{
	return odd(ctx->rx_queue_index & 3) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
