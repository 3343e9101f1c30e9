// type: sched_cls
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct entry {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct entry);
} entries SEC(".maps");

SEC("tc")
int starts(struct __sk_buff *ctx)
{
	__u32 key = 0;
	struct entry *entry = bpf_map_lookup_elem(&entries, &key);

	return entry ? bpf_timer_init(&entry->timer, &entries, 1) : 0;
}

#ifdef UNSAFE
char LICENSE[] SEC("license") = "Apache-2.0";
#else
char LICENSE[] SEC("license") = "Dual MPL/GPL";
#endif
