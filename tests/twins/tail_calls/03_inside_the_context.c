// type: xdp
// code: V033
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
#define OFFSET 4
#else
#define OFFSET 0
#endif

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	bpf_tail_call((void *)ctx + OFFSET, &next, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
