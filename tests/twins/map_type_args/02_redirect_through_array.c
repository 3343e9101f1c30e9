// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_ARRAY);
#else
	__uint(type, BPF_MAP_TYPE_DEVMAP);
#endif
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

SEC("xdp")
int forwards(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ports, ctx->rx_queue_index, 0);
}

char LICENSE[] SEC("license") = "GPL";
