// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

SEC("xdp")
int updates(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, key = 0;
	void *inner = bpf_map_lookup_elem(&outer, &queue);

	if (!inner)
		return XDP_DROP;
#ifdef UNSAFE
	bpf_map_update_elem(&outer, &key, &queue, BPF_ANY);
#else
	bpf_map_update_elem(inner, &key, &queue, BPF_ANY);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
