// type: tracepoint
// code: V070
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <bpf/bpf_core_read.h>

struct type_of_another_kernel {
	int first;
	int second;
} __attribute__((preserve_access_index));

__u32 seen;

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct type_of_another_kernel *other = (void *)bpf_get_current_task();

#ifndef UNSAFE
	if (!bpf_core_type_exists(struct type_of_another_kernel))
		return 0;
#endif
	seen = BPF_CORE_READ(other, second);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
