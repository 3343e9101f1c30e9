// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
#ifdef UNSAFE
	__uint(key_size, 8);
#else
	__uint(key_size, 4);
#endif
	__uint(value_size, 8);
};

struct inner one SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = {&one},
};

SEC("xdp")
int known(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;
	void *inner = bpf_map_lookup_elem(&outer, &queue);

	if (!inner)
		return XDP_DROP;
	return bpf_map_lookup_elem(inner, &queue) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
