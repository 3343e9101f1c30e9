// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct table {
	__u32 numbers[32];
};

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct table);
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

#ifdef UNSAFE
#define LIMIT 33
#else
#define LIMIT 32
#endif

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, key = 0;
	void *inner = bpf_map_lookup_elem(&outer, &key);
	struct table *table;

	if (!inner)
		return XDP_DROP;
	table = bpf_map_lookup_elem(inner, &key);
	if (!table || queue >= LIMIT)
		return XDP_DROP;
	return table->numbers[queue] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
