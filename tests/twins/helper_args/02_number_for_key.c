// type: xdp
// code: V022
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;

#ifdef UNSAFE
	return bpf_map_lookup_elem(&counts, (void *)(long)key) ? XDP_PASS : XDP_DROP;
#else
	return bpf_map_lookup_elem(&counts, &key) ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
