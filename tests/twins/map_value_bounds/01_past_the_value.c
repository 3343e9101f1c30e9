// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counter {
	__u64 packets;
	__u64 bytes;
#ifdef UNSAFE
	__u64 errors[];
#else
	__u64 errors[1];
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct counter *found = bpf_map_lookup_elem(&counters, &key);

	if (!found)
		return XDP_DROP;
	found->errors[0]++;
	return XDP_PASS;
}
