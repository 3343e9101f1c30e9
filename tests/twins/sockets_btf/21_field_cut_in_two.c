// type: tracing
// code: V026
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#ifdef UNSAFE
	/* Eight bytes of a member that has four. */
	seen = *(volatile __u64 *)&prev->pid;
#else
	seen = *(volatile __u32 *)&prev->pid;
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
