// type: xdp
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static int nothing(__u32 index, void *data)
{
	return 0;
}

SEC("xdp")
int loops(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 number = 0, *value = bpf_map_lookup_elem(&counts, &key);

	if (!value)
		return XDP_DROP;
	/* What a callback is given lies on the stack. */
#ifdef UNSAFE
	bpf_loop(8, nothing, value, 0);
#else
	bpf_loop(8, nothing, &number, 0);
#endif
	return *value ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
