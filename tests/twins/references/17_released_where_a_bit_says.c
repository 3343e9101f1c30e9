// type: xdp
// code: V041
// kernel: rejects-safe
// why: the bit is tested in a copy, and Linux does not learn of the original from that
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
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u32 queue = ctx->rx_queue_index;

	if (!event)
		return XDP_PASS;
	event->queue = queue;
	if (queue & 1)
		bpf_ringbuf_discard(event, 0);
	bpf_get_prandom_u32();
	barrier_var(queue);
#ifndef UNSAFE
	if (!(queue & 1))
#endif
		bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
