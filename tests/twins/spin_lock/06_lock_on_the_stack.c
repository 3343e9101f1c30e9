// type: sched_cls
// code: V047
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
	__u32 key = 0;
	struct entry *entry = bpf_map_lookup_elem(&entries, &key);
#ifdef UNSAFE
	struct bpf_spin_lock local = {}, *lock = &local;
#else
	struct bpf_spin_lock *lock;
#endif

	if (!entry)
		return 0;
#ifndef UNSAFE
	lock = &entry->lock;
#endif
	bpf_spin_lock(lock);
	entry->count++;
	bpf_spin_unlock(lock);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
