// type: xdp
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
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
int nested(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	void *inner = bpf_map_lookup_elem(&outer, &key);
	__u64 *found;

#ifndef UNSAFE
	if (!inner)
		return XDP_DROP;
#endif
	found = bpf_map_lookup_elem(inner, &key);
	return found ? XDP_PASS : XDP_DROP;
}
