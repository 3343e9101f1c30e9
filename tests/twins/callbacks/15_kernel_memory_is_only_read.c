// type: tracepoint
// code: V015
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

static long found(struct task_struct *task, struct vm_area_struct *vma, __u64 *flags)
{
#ifdef UNSAFE
	vma->vm_start = *flags;
#else
	*flags = vma->vm_start;
#endif
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int where(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 start = 0;

	bpf_find_vma(task, 4096, found, &start, 0);
	return start == 4096;
}

char LICENSE[] SEC("license") = "GPL";
