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
	struct event *first = bpf_ringbuf_reserve(&events, sizeof(*first), 0);
	struct event *second;

	if (!first)
		return XDP_PASS;
	first->queue = ctx->rx_queue_index;
	second = bpf_ringbuf_reserve(&events, sizeof(*second), 0);
	if (second) {
		second->queue = 1;
#ifndef UNSAFE
		bpf_ringbuf_submit(first, 0);
#endif
		first = second;
	}
	bpf_ringbuf_submit(first, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
