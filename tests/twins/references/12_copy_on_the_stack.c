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

struct job {
	struct event *event;
	__u64 number;
};

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	volatile struct job job = {};

	job.event = bpf_ringbuf_reserve(&events, sizeof(struct event), 0);
	if (!job.event)
		return XDP_PASS;
	job.event->queue = ctx->rx_queue_index;
	bpf_ringbuf_submit(job.event, 0);
#ifdef UNSAFE
	job.number = job.event->device;
#else
	job.number = ctx->ingress_ifindex;
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
