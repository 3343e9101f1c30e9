// type: xdp
// code: V041
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
	volatile struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u32 queue = 0;

	if (!event)
		return XDP_PASS;
	event->queue = ctx->rx_queue_index;
#ifndef UNSAFE
	queue = event->queue;
#endif
	bpf_ringbuf_discard((void *)event, 0);
#ifdef UNSAFE
	queue = event->queue;
#endif
	return queue ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
