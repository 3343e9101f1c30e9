// type: tracing
// code: V040
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 wanted;

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct cgroup *group = bpf_cgroup_from_id(wanted);

	if (!group)
		return 0;
#ifndef UNSAFE
	bpf_cgroup_release(group);
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
