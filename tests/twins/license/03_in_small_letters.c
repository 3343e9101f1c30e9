// type: xdp
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

SEC("xdp")
int reports(struct xdp_md *ctx)
{
	__u64 event = ctx->rx_queue_index;

	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return XDP_PASS;
}

#ifdef UNSAFE
char LICENSE[] SEC("license") = "gpl";
#else
char LICENSE[] SEC("license") = "GPL";
#endif
