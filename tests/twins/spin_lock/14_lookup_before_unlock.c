// type: sched_cls
// code: V045
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct entry {
	struct bpf_spin_lock lock;
	__u32 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct entry);
} entries SEC(".maps");

SEC("tc")
int counts(struct __sk_buff *ctx)
{
	__u32 key = 0, other = 1;
	struct entry *a = bpf_map_lookup_elem(&entries, &key), *b;
	__u32 count;

	if (!a)
		return 0;
	bpf_spin_lock(&a->lock);
	count = a->count;
#ifdef UNSAFE
	b = bpf_map_lookup_elem(&entries, &other);
	bpf_spin_unlock(&a->lock);
#else
	bpf_spin_unlock(&a->lock);
	b = bpf_map_lookup_elem(&entries, &other);
#endif
	if (!b)
		return 0;
	return b->count == count;
}

char LICENSE[] SEC("license") = "GPL";
