// type: tracepoint
// code: V070
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <bpf/bpf_core_read.h>

enum bpf_map_type___other {
	BPF_MAP_TYPE_OF_ANOTHER_KERNEL___other = 99,
};

__u32 seen;

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
#ifndef UNSAFE
	if (!bpf_core_enum_value_exists(enum bpf_map_type___other, BPF_MAP_TYPE_OF_ANOTHER_KERNEL___other))
		return 0;
#endif
	seen = bpf_core_enum_value(enum bpf_map_type___other, BPF_MAP_TYPE_OF_ANOTHER_KERNEL___other);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
