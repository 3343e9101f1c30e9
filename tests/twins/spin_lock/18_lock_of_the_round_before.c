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
int locks(struct __sk_buff *ctx)
{
	struct entry *a = 0, *b = 0;
	__u32 key;

#pragma clang loop unroll(disable)
	for (unsigned i = 0; i < 2; i++) {
		key = i;
		a = b;
		b = bpf_map_lookup_elem(&entries, &key);
		if (!b)
			return 0;
	}
	if (!a)
		return 0;
#pragma clang loop unroll(disable)
	for (unsigned i = 0; i < 2; i++) {
		asm volatile("" : "+r"(i));
		if (i == 0)
			bpf_spin_lock(&a->lock);
		else
			bpf_spin_unlock(&a->lock);
#ifdef UNSAFE
		struct entry *other = a;

		a = b;
		b = other;
#endif
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
