// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(key_size, 0);
#else
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
#endif
	__uint(max_entries, 4);
	__uint(value_size, 4);
} waiting SEC(".maps");

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&waiting, &key) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
