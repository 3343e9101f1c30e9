// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct buckets {
	__u32 count[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct buckets);
} histogram SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct buckets *found = bpf_map_lookup_elem(&histogram, &key);

	if (!found)
		return XDP_DROP;
#ifdef UNSAFE
	found->count[ctx->ingress_ifindex & 0xff]++;
#else
	found->count[ctx->ingress_ifindex & 0x3f]++;
#endif
	return XDP_PASS;
}
