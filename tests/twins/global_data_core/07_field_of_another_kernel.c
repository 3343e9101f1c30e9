// type: tracing
// code: V070
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <bpf/bpf_core_read.h>

struct task_struct___other {
	int field_of_another_kernel;
} __attribute__((preserve_access_index));

__u32 seen;

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct task_struct___other *other = (void *)next;

#ifndef UNSAFE
	if (!bpf_core_field_exists(other->field_of_another_kernel))
		return 0;
#endif
	seen = other->field_of_another_kernel;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
