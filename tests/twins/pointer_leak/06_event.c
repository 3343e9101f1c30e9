// type: tracepoint
// code: V024
// level: warning
// kernel: accepts-unsafe
// why: root may let addresses out
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct event {
	__u64 time;
	__u64 where;
};

SEC("tracepoint/syscalls/sys_enter_openat")
int opened(void *ctx)
{
	struct event event = {};

	event.time = bpf_ktime_get_ns();
#ifdef UNSAFE
	event.where = (unsigned long)ctx;
#else
	event.where = bpf_get_current_pid_tgid();
#endif
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

char _license[] SEC("license") = "GPL";
