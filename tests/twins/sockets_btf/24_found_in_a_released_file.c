// type: lsm
// code: V041
// sleepable: yes
// kernel: none
// why: Linux loads such programs only where BPF is one of its security modules
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern struct file *bpf_get_task_exe_file(struct task_struct *task) __ksym;
extern void bpf_put_file(struct file *file) __ksym;

SEC("lsm.s/file_open")
int hashes(void *ctx)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	struct inode *inode;
	char hash[64];

	if (!file)
		return 0;
	inode = file->f_inode;
#ifdef UNSAFE
	bpf_put_file(file);
	bpf_ima_inode_hash(inode, hash, sizeof(hash));
#else
	bpf_ima_inode_hash(inode, hash, sizeof(hash));
	bpf_put_file(file);
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
