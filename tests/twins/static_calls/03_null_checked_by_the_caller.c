// type: xdp
// code: V020
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __noinline void count(volatile __u64 *value, __u32 by)
{
	*value += by;
}

SEC("xdp")
int counts_packets(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *value = bpf_map_lookup_elem(&counts, &key);

#ifndef UNSAFE
	if (!value)
		return XDP_DROP;
#endif
	count(value, key);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
