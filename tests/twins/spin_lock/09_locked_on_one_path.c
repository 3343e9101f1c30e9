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
	__u32 key = 0, mark = ctx->mark;
	struct entry *entry = bpf_map_lookup_elem(&entries, &key);

	if (!entry)
		return 0;
	if (mark > 7)
		bpf_spin_lock(&entry->lock);
	entry->count++;
	barrier_var(mark);
#ifndef UNSAFE
	if (mark > 7)
#endif
		bpf_spin_unlock(&entry->lock);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
