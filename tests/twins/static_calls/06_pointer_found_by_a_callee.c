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

static __noinline __u64 *find(__u32 queue)
{
	__u64 *found = bpf_map_lookup_elem(&counts, &queue);

	if (!found) {
		queue = 0;
		found = bpf_map_lookup_elem(&counts, &queue);
	}
	return found;
}

SEC("xdp")
int counts_packets(struct xdp_md *ctx)
{
	__u64 *value = find(ctx->rx_queue_index);

#ifndef UNSAFE
	if (!value)
		return XDP_DROP;
#endif
	*value += 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
