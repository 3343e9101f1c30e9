// type: xdp
// code: V037
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int reserves(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;
	__u64 bytes = 16;
	__u8 *event;

	if (queue & 1)
		bytes = 32;
#ifdef UNSAFE
	if (queue & 2)
		bytes += queue & 4;
#endif
	event = bpf_ringbuf_reserve(&events, bytes, 0);
	if (!event)
		return XDP_PASS;
	event[15] = 1;
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
