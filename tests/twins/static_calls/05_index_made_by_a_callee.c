// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct table {
	__u32 numbers[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct table);
} tables SEC(".maps");

static __noinline __u32 bucket(__u32 queue, __u32 device)
{
	__u32 mixed = (queue * 31) ^ device;

#ifdef UNSAFE
	return mixed & 127;
#else
	return mixed & 63;
#endif
}

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 key = 0, at = bucket(ctx->rx_queue_index, ctx->ingress_ifindex);
	struct table *table = bpf_map_lookup_elem(&tables, &key);

	if (!table)
		return XDP_DROP;
	return table->numbers[at] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
