// type: syscall
// code: V041
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct bpf_iter_task {
	__u64 opaque[3];
};

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task__nullable, unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

SEC("syscall")
int sections(void *ctx)
{
	struct bpf_iter_task tasks;
	struct task_struct *task, *kept = 0;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&tasks, 0, 0);
	task = bpf_iter_task_next(&tasks);
#ifndef UNSAFE
	if (task)
		kept = bpf_task_acquire(task);
#endif
	bpf_iter_task_destroy(&tasks);
	bpf_rcu_read_unlock();
	bpf_rcu_read_lock();
#ifdef UNSAFE
	if (task)
		kept = bpf_task_acquire(task);
#endif
	bpf_rcu_read_unlock();
	if (kept)
		bpf_task_release(kept);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
