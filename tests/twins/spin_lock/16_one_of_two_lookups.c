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
	__u32 key = ctx->mark;
	struct entry *entry, *other, fresh = {};

	entry = bpf_map_lookup_elem(&entries, &key);
	if (!entry) {
		bpf_map_update_elem(&entries, &key, &fresh, BPF_ANY);
		key = 0;
		entry = bpf_map_lookup_elem(&entries, &key);
		if (!entry)
			return 0;
	}
	other = bpf_map_lookup_elem(&entries, &key);
	if (!other)
		return 0;
	bpf_spin_lock(&entry->lock);
	entry->count++;
#ifdef UNSAFE
	bpf_spin_unlock(&other->lock);
#else
	bpf_spin_unlock(&entry->lock);
#endif
	return other->count == 1;
}

char LICENSE[] SEC("license") = "GPL";
