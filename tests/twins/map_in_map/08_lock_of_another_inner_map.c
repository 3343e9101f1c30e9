// type: xdp
// code: V046
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct entry {
	struct bpf_spin_lock lock;
	__u32 count;
};

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct entry);
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
int counts(struct xdp_md *ctx)
{
	__u32 first = 0, second = 1, key = 0;
	void *inner = bpf_map_lookup_elem(&outer, &first);
	void *other = bpf_map_lookup_elem(&outer, &second);
	struct entry *a, *b;

	if (!inner || !other)
		return XDP_DROP;
	a = bpf_map_lookup_elem(inner, &key);
	b = bpf_map_lookup_elem(other, &key);
	if (!a || !b)
		return XDP_DROP;
	bpf_spin_lock(&a->lock);
	a->count++;
#ifdef UNSAFE
	bpf_spin_unlock(&b->lock);
#else
	bpf_spin_unlock(&a->lock);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
