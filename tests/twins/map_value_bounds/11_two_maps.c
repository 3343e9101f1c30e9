// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} small SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} large SEC(".maps");

SEC("xdp")
int either(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	void *found;

	if (ctx->ingress_ifindex == 1)
		found = bpf_map_lookup_elem(&small, &key);
	else
		found = bpf_map_lookup_elem(&large, &key);
	if (!found)
		return XDP_DROP;
#ifdef UNSAFE
	*(__u64 *)found = 1;
#else
	*(__u32 *)found = 1;
#endif
	return XDP_PASS;
}
