// type: tracing
// code: V022
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u32 seen;

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#ifdef UNSAFE
	/* The same address, but as a number. */
	struct task_struct *task = (void *)bpf_get_current_task();
#else
	struct task_struct *task = bpf_get_current_task_btf();
#endif

	seen = task->pid;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
