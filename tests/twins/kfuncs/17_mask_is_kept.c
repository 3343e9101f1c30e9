// type: tracing
// code: V040
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (!mask)
		return 0;
	bpf_cpumask_set_cpu(3, mask);
#ifndef UNSAFE
	bpf_cpumask_release(mask);
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
