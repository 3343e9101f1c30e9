// type: tracepoint
// code: V041
// kernel: accepts-unsafe
// why: Linux catches the fault of such a read, and takes the mapping for nothing that has to be kept
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct kept { struct vm_area_struct *vma; __u64 start; };

static long found(struct task_struct *task, struct vm_area_struct *vma, struct kept *kept)
{
	kept->vma = vma;
	kept->start = vma->vm_start;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int where(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct kept kept = {};

	bpf_find_vma(task, 4096, found, &kept, 0);
	if (!kept.vma)
		return 0;
#ifdef UNSAFE
	return kept.vma->vm_start == 4096;
#else
	return kept.start == 4096;
#endif
}

char LICENSE[] SEC("license") = "GPL";
