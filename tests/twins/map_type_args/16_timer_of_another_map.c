// type: sched_cls
// code: V039
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
} first SEC(".maps"), second SEC(".maps");

SEC("tc")
int starts(struct __sk_buff *ctx)
{
	__u32 key = 0;
	struct entry *entry = bpf_map_lookup_elem(&first, &key);

	if (!entry)
		return 0;
#ifdef UNSAFE
	return bpf_timer_init(&entry->timer, &second, 1);
#else
	return bpf_timer_init(&entry->timer, &first, 1);
#endif
}

char LICENSE[] SEC("license") = "GPL";
