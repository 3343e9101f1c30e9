// type: sched_cls
// code: V039
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags) __ksym;

struct element {
	struct bpf_wq work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct element);
} elements SEC(".maps"), others SEC(".maps");

SEC("tc")
int starts(struct __sk_buff *skb)
{
	int key = 0;
	struct element *element = bpf_map_lookup_elem(&elements, &key);

	if (!element)
		return 0;
#ifdef UNSAFE
	return bpf_wq_init(&element->work, &others, 0);
#else
	return bpf_wq_init(&element->work, &elements, 0);
#endif
}

char LICENSE[] SEC("license") = "GPL";
