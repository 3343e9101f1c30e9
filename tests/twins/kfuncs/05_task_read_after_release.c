// type: tracing
// code: V041
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u32 seen;

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (!task)
		return 0;
#ifndef UNSAFE
	seen = task->prio;
#endif
	bpf_task_release(task);
#ifdef UNSAFE
	seen = task->prio;
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
