// type: xdp
// code: V037
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static __noinline int report(__u64 bytes)
{
	__u8 *event;

	barrier_var(bytes);
	event = bpf_ringbuf_reserve(&events, bytes, 0);
	if (!event)
		return -1;
	event[0] = 1;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	if (report(16) < 0)
		return XDP_DROP;
#ifdef UNSAFE
	return report(ctx->rx_queue_index | 16) < 0 ? XDP_DROP : XDP_PASS;
#else
	return report(32) < 0 ? XDP_DROP : XDP_PASS;
#endif
}

char LICENSE[] SEC("license") = "GPL";
