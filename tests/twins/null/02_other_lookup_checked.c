// type: xdp
// code: V020
// access: yes
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
int two(struct xdp_md *ctx)
{
	__u32 first_key = ctx->rx_queue_index, second_key = ctx->ingress_ifindex;
	__u64 *first = bpf_map_lookup_elem(&counters, &first_key);
	__u64 *second = bpf_map_lookup_elem(&counters, &second_key);

#ifdef UNSAFE
	if (!first)
#else
	if (!first || !second)
#endif
		return XDP_DROP;
	*first += *second;
	return XDP_PASS;
}
