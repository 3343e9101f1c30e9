// type: tracing
// code: V041
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#ifdef UNSAFE
	bpf_task_release(next);
#else
	struct task_struct *task = bpf_task_acquire(next);

	if (task)
		bpf_task_release(task);
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
