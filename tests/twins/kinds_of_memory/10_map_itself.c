// type: xdp
// code: V026
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

SEC("xdp")
int write(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *found = bpf_map_lookup_elem(&counters, &key);

	if (!found)
		return XDP_DROP;
#ifdef UNSAFE
	*(volatile __u64 *)&counters = 1;
#else
	*(volatile __u64 *)found = 1;
#endif
	return XDP_PASS;
}
