// type: tracing
// code: V015
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u32 seen;

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#ifdef UNSAFE
	next->prio = 0;
#else
	seen = next->prio;
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
