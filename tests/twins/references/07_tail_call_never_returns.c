// type: xdp
// code: V042
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

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_PASS;
	event->queue = ctx->rx_queue_index;
#ifdef UNSAFE
	bpf_tail_call(ctx, &next, 1);
	bpf_ringbuf_submit(event, 0);
#else
	bpf_ringbuf_submit(event, 0);
	bpf_tail_call(ctx, &next, 1);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
