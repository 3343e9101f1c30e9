// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sample {
	__u64 bytes;
	__u64 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct sample);
} samples SEC(".maps");

SEC("xdp")
int copies_a_sample(struct xdp_md *ctx)
{
	__u32 from = 0, to = 1;
	struct sample *sample = bpf_map_lookup_elem(&samples, &from);

	if (!sample)
		return XDP_DROP;
#ifdef UNSAFE
	bpf_map_update_elem(&samples, &to, &sample->packets, BPF_ANY);
#else
	bpf_map_update_elem(&samples, &to, &sample->bytes, BPF_ANY);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
