// type: tracing
// code: V038
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* What may sleep is told by what the function calls. */
__weak int word_at(__u64 address)
{
	__u64 word = 0;

	bpf_copy_from_user(&word, sizeof(word), (void *)address);
	return word;
}

SEC("iter.s/task")
int each_task(struct bpf_iter__task *ctx)
{
	int word;

	bpf_rcu_read_lock();
#ifdef UNSAFE
	word = word_at(4096);
	bpf_rcu_read_unlock();
#else
	bpf_rcu_read_unlock();
	word = word_at(4096);
#endif
	return word == 1;
}

char LICENSE[] SEC("license") = "GPL";
