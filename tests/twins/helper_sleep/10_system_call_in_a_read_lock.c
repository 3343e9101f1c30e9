// type: syscall
// code: V038
// kernel: accepts-unsafe
// why: Linux's own description of this helper does not say that it may sleep
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("syscall")
int closes(void *ctx)
{
	int result;

	bpf_rcu_read_lock();
#ifdef UNSAFE
	result = bpf_sys_close(99);
	bpf_rcu_read_unlock();
#else
	bpf_rcu_read_unlock();
	result = bpf_sys_close(99);
#endif
	return result;
}

char LICENSE[] SEC("license") = "GPL";
