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
	struct event *first, *second;

	first = bpf_ringbuf_reserve(&events, sizeof(*first), 0);
	if (!first)
		return XDP_PASS;
	second = bpf_ringbuf_reserve(&events, sizeof(*second), 0);
	if (!second) {
		bpf_ringbuf_discard(first, 0);
		return XDP_PASS;
	}
	first->queue = second->queue = ctx->rx_queue_index;
	bpf_ringbuf_submit(first, 0);
#ifdef UNSAFE
	first->device = 1;
#else
	second->device = 1;
#endif
	bpf_ringbuf_submit(second, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
