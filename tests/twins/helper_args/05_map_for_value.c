// type: xdp
// code: V026
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("xdp")
int updates(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 value = 1;

#ifdef UNSAFE
	bpf_map_update_elem(&counts, &key, &counts, BPF_ANY);
#else
	bpf_map_update_elem(&counts, &key, &value, BPF_ANY);
#endif
	return value ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
