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
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_PASS;
	event->queue = ctx->rx_queue_index;
#ifdef UNSAFE
	bpf_ringbuf_submit(event, 0);
	event->device = ctx->ingress_ifindex;
#else
	event->device = ctx->ingress_ifindex;
	bpf_ringbuf_submit(event, 0);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
