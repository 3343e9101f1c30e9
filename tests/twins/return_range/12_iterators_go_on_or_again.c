// type: tracing
// code: V050
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("iter/task")
int each_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
#ifdef UNSAFE
	return task->pid;
#else
	return task->pid == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
