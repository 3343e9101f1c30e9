// type: tracepoint
// code: V033
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__noinline int depth(struct task_struct *task __arg_untrusted)
{
#ifdef UNSAFE
	__u64 stack[2];

	return bpf_get_task_stack(task, stack, sizeof(stack), 0) > 8;
#else
	return task->pid > 8;
#endif
}

SEC("tracepoint/syscalls/sys_enter_execve")
int called(void *ctx)
{
	return depth(bpf_get_current_task_btf());
}

char LICENSE[] SEC("license") = "GPL";
