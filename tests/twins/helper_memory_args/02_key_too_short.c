// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
typedef __u32 flow_key;
#else
typedef __u64 flow_key;
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u64);
} flows SEC(".maps");

SEC("xdp")
int known(struct xdp_md *ctx)
{
	flow_key key = ctx->rx_queue_index;

	return bpf_map_lookup_elem(&flows, &key) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
