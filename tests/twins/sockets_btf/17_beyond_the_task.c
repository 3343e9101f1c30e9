// type: tracing
// code: V026
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u32 seen;

#ifdef UNSAFE
#define OFFSET (1 << 20)
#else
#define OFFSET 0
#endif

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	seen = *(volatile __u32 *)((char *)&prev->pid + OFFSET);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
