// type: xdp
// code: V039
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
#ifdef UNSAFE
	__uint(map_flags, BPF_F_WRONLY_PROG);
#endif
	__type(key, __u32);
	__type(value, __u64);
} results SEC(".maps");

SEC("xdp")
int reads(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *result = bpf_map_lookup_elem(&results, &key);

	return result && *result ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
