// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct table {
	__u32 numbers[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct table);
} tables SEC(".maps");

static __noinline __u32 number_at(struct table *table, __u32 index)
{
	return table->numbers[index];
}

static __noinline __u32 next_to(struct table *table, __u32 index, __u32 salt)
{
#ifdef UNSAFE
	if (index > 15)
#else
	if (index > 14)
#endif
		return 0;
	return number_at(table, index + 1) + salt;
}

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct table *table = bpf_map_lookup_elem(&tables, &key);

	if (!table)
		return XDP_DROP;
	return next_to(table, ctx->rx_queue_index, ctx->ingress_ifindex) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
