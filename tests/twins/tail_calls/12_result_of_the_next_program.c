// type: xdp
// code: V013
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

volatile __u32 numbers[16];

/* It returns what the next program returns, if there is one. */
static __noinline __u32 jump(struct xdp_md *ctx, __u32 index)
{
	__u32 verdict = 1;

	bpf_tail_call(ctx, &next, index);
	barrier_var(verdict);
	return verdict;
}

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	__u32 verdict = jump(ctx, ctx->rx_queue_index);

#ifndef UNSAFE
	if (verdict >= 16)
		return XDP_DROP;
#endif
	return numbers[verdict] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
