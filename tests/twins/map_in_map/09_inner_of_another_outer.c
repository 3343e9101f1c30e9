// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct small {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
};

struct large {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 64);
};

struct small a_small SEC(".maps");
struct large a_large SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct small);
} smalls SEC(".maps") = {
	.values = {&a_small},
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct large);
} larges SEC(".maps") = {
	.values = {&a_large},
};

SEC("xdp")
int writes(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, key = 0;
	void *small = bpf_map_lookup_elem(&smalls, &queue);
	void *large = bpf_map_lookup_elem(&larges, &queue);
	__u64 *words;

	if (!small || !large)
		return XDP_DROP;
#ifdef UNSAFE
	words = bpf_map_lookup_elem(small, &key);
#else
	words = bpf_map_lookup_elem(large, &key);
#endif
	if (!words)
		return XDP_DROP;
	words[7] = queue;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
