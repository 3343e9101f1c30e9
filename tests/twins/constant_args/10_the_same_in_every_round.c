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
int reports(struct xdp_md *ctx)
{
	__u32 rounds = ctx->rx_queue_index & 7;
	__u64 bytes = 8;

	for (__u32 i = 0; i < rounds; i++) {
		__u8 *event;

		barrier_var(bytes);
		event = bpf_ringbuf_reserve(&events, bytes, 0);
		if (!event)
			break;
		event[0] = i;
		bpf_ringbuf_submit(event, 0);
#ifdef UNSAFE
		bytes += ctx->ingress_ifindex & 8;
#endif
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
