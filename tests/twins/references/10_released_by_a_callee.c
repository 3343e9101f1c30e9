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

static __noinline int finish(struct event *event, __u32 queue)
{
#ifdef UNSAFE
	if (queue == 7)
		return XDP_DROP;
#endif
	event->queue = queue;
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_PASS;
	return finish(event, ctx->rx_queue_index);
}

char LICENSE[] SEC("license") = "GPL";
