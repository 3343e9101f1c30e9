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
int reads(struct __sk_buff *ctx)
{
	__u32 key = 0;
	struct entry *entry = bpf_map_lookup_elem(&entries, &key);
	__u32 chosen = bpf_get_prandom_u32();
	unsigned long length = 0;
	char bytes[16];

	if (!entry)
		return 0;
	if (chosen > 5)
		length = 8;
	asm volatile("" : "+r"(length));
	if (chosen <= 5)
		return 0;
	bpf_spin_lock(&entry->lock);
#ifndef UNSAFE
	bpf_spin_unlock(&entry->lock);
#endif
	bpf_skb_load_bytes(ctx, 0, bytes, length);
#ifdef UNSAFE
	bpf_spin_unlock(&entry->lock);
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
