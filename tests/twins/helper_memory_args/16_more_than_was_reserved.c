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

#ifdef UNSAFE
#define BYTES 33
#else
#define BYTES 32
#endif

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	char *event = bpf_ringbuf_reserve(&events, 32, 0);

	if (!event)
		return 0;
	bpf_probe_read_kernel_str(event, BYTES, ctx);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
