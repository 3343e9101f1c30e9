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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} tables SEC(".maps");

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *table = bpf_map_lookup_elem(&tables, &key);

	if (!table)
		return XDP_DROP;
#ifdef UNSAFE
	bpf_tail_call(ctx, table, 1);
#else
	bpf_tail_call(ctx, &next, 1);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
