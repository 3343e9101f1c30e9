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

static int report(__u32 index, void *data)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 1;
	event->queue = index;
#ifdef UNSAFE
	if (index == 2)
		return 1;
#endif
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	bpf_loop(4, report, 0, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
