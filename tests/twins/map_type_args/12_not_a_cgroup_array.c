// type: tracepoint
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_ARRAY);
#else
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
#endif
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} groups SEC(".maps");

SEC("tracepoint/sched/sched_process_exec")
int in_group(void *ctx)
{
	return bpf_current_task_under_cgroup(&groups, 0) == 1;
}

char LICENSE[] SEC("license") = "GPL";
