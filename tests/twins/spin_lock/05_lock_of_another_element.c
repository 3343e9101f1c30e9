// type: sched_cls
// code: V046
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
	struct entry *a = bpf_map_lookup_elem(&entries, &key);
	struct entry *b = bpf_map_lookup_elem(&entries, &other);

	if (!a || !b)
		return 0;
	bpf_spin_lock(&a->lock);
	a->count++;
#ifdef UNSAFE
	bpf_spin_unlock(&b->lock);
#else
	bpf_spin_unlock(&a->lock);
#endif
	return b->count == 1;
}

char LICENSE[] SEC("license") = "GPL";
