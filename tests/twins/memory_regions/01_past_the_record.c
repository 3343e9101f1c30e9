// type: tracepoint
// code: V014
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct event {
	__u64 time;
	__u32 pid;
	__u32 extra;
};

SEC("tracepoint/syscalls/sys_enter_openat")
int opened(void *ctx)
{
#ifdef UNSAFE
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event) - sizeof(__u32), 0);
#else
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
#endif

	if (!event)
		return 0;
	event->time = bpf_ktime_get_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->extra = 0;
	bpf_ringbuf_submit(event, 0);
	return 0;
}
