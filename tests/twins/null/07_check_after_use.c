// type: tracepoint
// code: V020
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

SEC("tracepoint/syscalls/sys_exit_openat")
int left(void *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 *start = bpf_map_lookup_elem(&starts, &thread);
	__u64 begun;

#ifdef UNSAFE
	begun = *(volatile __u64 *)start;
	barrier_var(start);
	if (!start)
		return 0;
#else
	barrier_var(start);
	if (!start)
		return 0;
	begun = *(volatile __u64 *)start;
#endif
	return bpf_ktime_get_ns() - begun > 1000;
}
