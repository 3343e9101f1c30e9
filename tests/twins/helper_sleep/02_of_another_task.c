// type: tracing
// code: V038
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifdef UNSAFE
SEC("iter/task")
#else
SEC("iter.s/task")
#endif
int each_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u64 word = 0;

	if (!task)
		return 0;
	bpf_copy_from_user_task(&word, sizeof(word), (void *)4096, task, 0);
	return word == 1;
}

char LICENSE[] SEC("license") = "GPL";
