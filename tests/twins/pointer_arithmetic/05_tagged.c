// type: xdp
// code: V023
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
int tagged(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	unsigned long found = (unsigned long)bpf_map_lookup_elem(&counters, &key);

	if (!found)
		return XDP_DROP;
#ifdef UNSAFE
	found ^= ctx->ingress_ifindex & 1;
#else
	found += ctx->ingress_ifindex & 1;
#endif
	*(volatile __u8 *)found = 1;
	return XDP_PASS;
}
