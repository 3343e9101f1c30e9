// type: tracing
// code: V038
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("iter.s/task")
int each_task(struct bpf_iter__task *ctx)
{
	__u64 word = 0;

	bpf_rcu_read_lock();
#ifndef UNSAFE
	bpf_rcu_read_unlock();
#endif
	bpf_copy_from_user(&word, sizeof(word), (void *)4096);
#ifdef UNSAFE
	bpf_rcu_read_unlock();
#endif
	return word == 1;
}

char LICENSE[] SEC("license") = "GPL";
