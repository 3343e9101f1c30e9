// type: sched_cls
// code: V033
// kernel: accepts-unsafe
// why: Linux judges a global function by what the program may do, also where a work queue calls it
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int(callback_fn)(void *map, int *key, void *value), unsigned int flags,
				    void *aux__ign) __ksym;
extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

struct element {
	struct bpf_wq work;
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct element);
} elements SEC(".maps");

__noinline int take(int key)
{
	struct element *element = bpf_map_lookup_elem(&elements, &key);
	struct task_struct *task = element ? element->task : 0;

	if (!task)
		return 0;
	task = bpf_task_acquire(task);
	if (task)
		bpf_task_release(task);
	return 1;
}

static int later(void *map, int *key, void *value)
{
#ifdef UNSAFE
	take(0);
#endif
	return 0;
}

SEC("tc")
int starts(void *ctx)
{
	int key = 0;
	struct element *element = bpf_map_lookup_elem(&elements, &key);

	if (!element)
		return 0;
	take(0);
	bpf_wq_init(&element->work, &elements, 0);
	bpf_wq_set_callback_impl(&element->work, later, 0, 0);
	bpf_wq_start(&element->work, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
