// type: tracepoint
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct event {
	__u32 pid;
	char comm[16];
};

SEC("tracepoint/sched/sched_process_exec")
int executed(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
#ifdef UNSAFE
	bpf_get_current_comm(event->comm, sizeof(*event));
#else
	bpf_get_current_comm(event->comm, sizeof(event->comm));
#endif
	bpf_ringbuf_submit(event, 0);
	return 0;
}
