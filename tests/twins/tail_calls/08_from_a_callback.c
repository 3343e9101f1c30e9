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

static int jump(__u32 index, struct xdp_md **ctx)
{
#ifdef UNSAFE
	bpf_tail_call(*ctx, &next, index);
#else
	bpf_xdp_adjust_tail(*ctx, index);
#endif
	return 0;
}

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	bpf_loop(4, jump, &ctx, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
