// type: sched_cls
// code: V013
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct entry {
	struct bpf_timer timer;
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct entry);
} entries SEC(".maps");

#ifdef UNSAFE
#define BEYOND 1
#else
#define BEYOND 0
#endif

static int fires(void *map, __u32 *key, struct entry *entry)
{
	(&entry->count)[BEYOND] = 1;
	return 0;
}

SEC("tc")
int starts(struct __sk_buff *ctx)
{
	__u32 key = 0;
	struct entry *entry = bpf_map_lookup_elem(&entries, &key);

	if (!entry)
		return 0;
	bpf_timer_init(&entry->timer, &entries, 1);
	bpf_timer_set_callback(&entry->timer, fires);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
