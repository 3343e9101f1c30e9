// type: sched_cls
// code: V013
// kernel: rejects-safe
// why: Linux does not count how often a callback is called
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_HASH);
#else
	__uint(type, BPF_MAP_TYPE_ARRAY);
#endif
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} elements SEC(".maps");

static volatile __u8 seen[8];

static long notes(void *map, __u32 *key, __u64 *value, volatile __u64 *count)
{
	seen[*count] = 1;
	*count += 1;
	return 0;
}

SEC("tc")
int counts(struct __sk_buff *ctx)
{
	volatile __u64 count = 0;

	bpf_for_each_map_elem(&elements, notes, (void *)&count, 0);
	return seen[0];
}

char LICENSE[] SEC("license") = "GPL";
