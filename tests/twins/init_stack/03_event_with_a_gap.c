// type: tracepoint
// code: V002
// level: warning
// kernel: accepts-unsafe
// why: root may read stack bytes that were not written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct event {
	__u64 time;
	__u32 pid;
	__u32 uid;
};

SEC("tracepoint/syscalls/sys_enter_openat")
int opened(void *ctx)
{
	struct event event;

	event.time = bpf_ktime_get_ns();
	event.pid = bpf_get_current_pid_tgid() >> 32;
#ifndef UNSAFE
	event.uid = bpf_get_current_uid_gid();
#endif
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

char _license[] SEC("license") = "GPL";
