// type: xdp
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
#ifdef UNSAFE
	__uint(map_flags, BPF_F_RDONLY_PROG);
#endif
	__type(key, __u32);
	__type(value, __u64);
} settings SEC(".maps");

SEC("xdp")
int updates(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 value = 1;

	bpf_map_update_elem(&settings, &key, &value, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
