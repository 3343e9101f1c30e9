// type: xdp
// code: V022
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} places SEC(".maps");

SEC("xdp")
int follow(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *found = bpf_map_lookup_elem(&places, &key);

	if (!found)
		return XDP_DROP;
#ifdef UNSAFE
	found = (__u64 *)(unsigned long)*found;
	barrier_var(found);
#endif
	return *found ? XDP_PASS : XDP_DROP;
}
