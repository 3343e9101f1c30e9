// type: xdp
// code: V015
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
#ifdef UNSAFE
	__uint(map_flags, BPF_F_RDONLY_PROG);
#endif
} settings SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *found = bpf_map_lookup_elem(&settings, &key);

	if (!found)
		return XDP_DROP;
	*found += 1;
	return XDP_PASS;
}
