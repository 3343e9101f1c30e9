// type: xdp
// code: V040
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u32 queue;
	__u32 device;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	for (int i = 0; i < 4; i++) {
		struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

		barrier_var(i);
		if (!event)
			break;
		event->queue = i;
#ifdef UNSAFE
		if (i == 2)
			continue;
#endif
		bpf_ringbuf_submit(event, 0);
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
