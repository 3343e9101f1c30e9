// type: xdp
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

__weak int count(__u64 *value __arg_nonnull)
{
	*value += 1;
	return 0;
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
	return count(value) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
