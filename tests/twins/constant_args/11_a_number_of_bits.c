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
	__u64 bytes = ctx->rx_queue_index;
	__u8 *event;

	/* Whatever it was: 64 is set, the rest is not. */
	barrier_var(bytes);
	bytes |= 64;
	barrier_var(bytes);
#ifdef UNSAFE
	bytes &= 65;
#else
	bytes &= 64;
#endif
	barrier_var(bytes);
	event = bpf_ringbuf_reserve(&events, bytes, 0);
	if (event)
		bpf_ringbuf_discard(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
