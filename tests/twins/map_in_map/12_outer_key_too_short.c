// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
#ifdef UNSAFE
	__uint(key_size, 16);
#else
	__uint(key_size, 8);
#endif
	__array(values, struct inner);
} outer SEC(".maps");

SEC("xdp")
int known(struct xdp_md *ctx)
{
	__u64 address = ctx->rx_queue_index;

	return bpf_map_lookup_elem(&outer, &address) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
