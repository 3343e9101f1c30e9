// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} events SEC(".maps");

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

#ifdef UNSAFE
	bpf_tail_call(ctx, &events, queue);
#else
	bpf_tail_call(ctx, &next, queue);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
