// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
#else
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(key_size, 0);
#endif
	__uint(max_entries, 4);
	__uint(value_size, 4);
} waiting SEC(".maps");

SEC("xdp")
int pushes(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

	bpf_map_push_elem(&waiting, &queue, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
