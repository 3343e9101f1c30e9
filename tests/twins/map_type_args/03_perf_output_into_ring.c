// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
#else
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
#endif
} events SEC(".maps");

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	__u64 event = ctx->rx_queue_index;

	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
