// type: lsm
// code: V041
// sleepable: yes
// kernel: none
// why: Linux loads such programs only where BPF is one of its security modules
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct bpf_iter_css_task {
	__u64 opaque[1];
};

extern int bpf_iter_css_task_new(struct bpf_iter_css_task *it, struct cgroup_subsys_state *css, unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *it) __ksym;
extern void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it) __ksym;
extern struct cgroup *bpf_cgroup_from_id(__u64 id) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgroup) __ksym;
extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

SEC("lsm.s/file_open")
int first(void *ctx)
{
	struct bpf_iter_css_task tasks;
	struct cgroup *cgroup = bpf_cgroup_from_id(1);
	struct task_struct *task, *kept = 0;

	if (!cgroup)
		return 0;
	bpf_iter_css_task_new(&tasks, &cgroup->self, 0);
	task = bpf_iter_css_task_next(&tasks);
#ifndef UNSAFE
	if (task)
		kept = bpf_task_acquire(task);
#endif
	bpf_iter_css_task_destroy(&tasks);
#ifdef UNSAFE
	if (task)
		kept = bpf_task_acquire(task);
#endif
	if (kept)
		bpf_task_release(kept);
	bpf_cgroup_release(cgroup);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
