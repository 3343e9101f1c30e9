// type: sched_cls
// code: V039
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct element {
	__u64 count;
	struct bpf_timer timer;
};

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct element);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, int);
	__array(values, struct inner);
} outer SEC(".maps") = {.values = {&first, &second}};

SEC("tc")
int starts(struct __sk_buff *skb)
{
	int key = 0, next = 1;
	void *map = bpf_map_lookup_elem(&outer, &key);
	void *other = bpf_map_lookup_elem(&outer, &next);
	struct element *element;

	if (!map || !other)
		return 0;
	element = bpf_map_lookup_elem(map, &key);
	if (!element)
		return 0;
#ifdef UNSAFE
	return bpf_timer_init(&element->timer, other, 0);
#else
	return bpf_timer_init(&element->timer, map, 0);
#endif
}

char LICENSE[] SEC("license") = "GPL";
