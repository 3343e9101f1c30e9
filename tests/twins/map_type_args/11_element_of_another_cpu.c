// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_HASH);
#else
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
#endif
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("xdp")
int first_cpu(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_percpu_elem(&counts, &key, 0) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
