// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
typedef __u32 number;
#else
typedef __u64 number;
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, number);
} numbers SEC(".maps");

SEC("xdp")
int parses(struct xdp_md *ctx)
{
	char text[8] = "1234";
	__u32 key = 0;
	number *result = bpf_map_lookup_elem(&numbers, &key);

	if (!result)
		return XDP_DROP;
	/* Eight bytes are written. */
	bpf_strtoul(text, sizeof(text), 10, (void *)result);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
