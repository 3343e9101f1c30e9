// type: tracepoint
// code: V033
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__noinline int depth(struct task_struct *task __arg_trusted)
{
	__u64 stack[2];

	return bpf_get_task_stack(task, stack, sizeof(stack), 0) > 8;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int called(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

#ifdef UNSAFE
	return depth((void *)task->mm);
#else
	return depth(task);
#endif
}

char LICENSE[] SEC("license") = "GPL";
