// type: xdp
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
#ifdef UNSAFE
	__uint(map_flags, BPF_F_INNER_MAP);
#endif
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} tables SEC(".maps");

SEC("xdp")
int reads(struct xdp_md *ctx)
{
	__u32 table = 1, key = 7;
	void *inner = bpf_map_lookup_elem(&tables, &table);
	__u64 *value;

	if (!inner)
		return XDP_PASS;
	value = bpf_map_lookup_elem(inner, &key);
	return *value == 1 ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
