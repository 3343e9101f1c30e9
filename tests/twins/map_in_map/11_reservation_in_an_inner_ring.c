// type: xdp
// code: V040
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;
	void *ring = bpf_map_lookup_elem(&rings, &queue);
	__u32 *event;

	if (!ring)
		return XDP_PASS;
	event = bpf_ringbuf_reserve(ring, sizeof(*event), 0);
	if (!event)
		return XDP_PASS;
	*event = queue;
#ifdef UNSAFE
	if (queue)
#endif
		bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
