// type: xdp
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

SEC("xdp")
int counts(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, key = 0;
	void *inner = bpf_map_lookup_elem(&outer, &queue);
	__u64 *count;

#ifndef UNSAFE
	if (!inner)
		return XDP_DROP;
#endif
	count = bpf_map_lookup_elem(inner, &key);
	if (!count)
		return XDP_DROP;
	*count += 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
