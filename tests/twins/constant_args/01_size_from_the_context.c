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
#ifdef UNSAFE
	__u64 bytes = (ctx->rx_queue_index & 31) + 1;
#else
	__u64 bytes = 32;
#endif
	__u8 *event = bpf_ringbuf_reserve(&events, bytes, 0);

	if (!event)
		return XDP_PASS;
	event[0] = 1;
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
