// type: xdp
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static long visit(void *map, __u32 *key, __u64 *value, void *data)
{
#ifdef UNSAFE
	*key = *value;
#else
	*value = *key;
#endif
	return 0;
}

SEC("xdp")
int visits(struct xdp_md *ctx)
{
	return bpf_for_each_map_elem(&counts, visit, 0, 0) > 2 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
