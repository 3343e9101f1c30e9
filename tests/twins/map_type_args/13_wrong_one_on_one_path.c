// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} near SEC(".maps");

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
#else
	__uint(type, BPF_MAP_TYPE_RINGBUF);
#endif
	__uint(max_entries, 4096);
} far SEC(".maps");

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	__u64 event = ctx->rx_queue_index;
	void *events = &near;

	if (event & 1)
		events = &far;
	bpf_ringbuf_output(events, &event, sizeof(event), 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
