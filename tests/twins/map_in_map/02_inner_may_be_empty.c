// type: xdp
// code: V020
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
};

struct inner one SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = {&one},
};

SEC("xdp")
int counts(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, key = 0;
	void *inner = bpf_map_lookup_elem(&outer, &queue);
	__u64 *count;

	if (!inner)
		return XDP_DROP;
	count = bpf_map_lookup_elem(inner, &key);
#ifndef UNSAFE
	if (!count)
		return XDP_DROP;
#endif
	*count += 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
