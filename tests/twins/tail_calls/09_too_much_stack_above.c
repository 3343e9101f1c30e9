// type: xdp
// code: V064
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

#ifdef UNSAFE
#define WORDS 33
#else
#define WORDS 24
#endif

static __noinline int jump(struct xdp_md *ctx, __u32 index)
{
	bpf_tail_call(ctx, &next, index);
	return XDP_PASS;
}

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	volatile __u64 words[WORDS] = {};

	words[3] = ctx->rx_queue_index;
	if (words[WORDS - 1])
		return XDP_DROP;
	return jump(ctx, words[3]);
}

char LICENSE[] SEC("license") = "GPL";
