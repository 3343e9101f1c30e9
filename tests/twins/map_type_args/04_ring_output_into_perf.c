// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
#else
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
#endif
} events SEC(".maps");

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	__u64 event = ctx->rx_queue_index;

	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
