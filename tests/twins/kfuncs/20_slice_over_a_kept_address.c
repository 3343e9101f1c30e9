// type: xdp
// code: V022
// kernel: accepts-unsafe
// why: Linux takes what bpf_dynptr_slice returned for other memory than the buffer that it may be
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *ptr, __u32 offset, void *buffer, __u32 buffer__szk) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} values SEC(".maps");

SEC("xdp")
int writes(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u64 buffer = 0;
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&values, &key);
	__u64 *slice;

	if (!value || bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_PASS;
	slice = bpf_dynptr_slice_rdwr(&packet, 0, &buffer, sizeof(buffer));
	if (!slice)
		return XDP_PASS;
#ifndef UNSAFE
	*slice = 4919;
#endif
	*(__u64 *volatile *)&buffer = value;
#ifdef UNSAFE
	*slice = 4919;
#endif
	**(__u64 *volatile *)&buffer = 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
