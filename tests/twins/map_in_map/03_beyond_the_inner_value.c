// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, 16);
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
#define WORD 2
#else
#define WORD 1
#endif

SEC("xdp")
int counts(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, key = 0;
	void *inner = bpf_map_lookup_elem(&outer, &queue);
	__u64 *words;

	if (!inner)
		return XDP_DROP;
	words = bpf_map_lookup_elem(inner, &key);
	if (!words)
		return XDP_DROP;
	words[WORD] += 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
