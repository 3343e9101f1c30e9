// type: tracing
// code: V032
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u32 seen;

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#ifdef UNSAFE
	struct task_struct *task = next;

	seen = task->pid;
#else
	seen = bpf_get_current_pid_tgid();
#endif
	return 0;
}

char LICENSE[] SEC("license") = "MIT";
