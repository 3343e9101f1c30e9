// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(key_size, 0);
#else
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
#endif
	__uint(max_entries, 4);
	__uint(value_size, 4);
} numbers SEC(".maps");

static long nothing(void *map, void *key, void *value, void *data)
{
	return 0;
}

SEC("xdp")
int visits(struct xdp_md *ctx)
{
	return bpf_for_each_map_elem(&numbers, nothing, 0, 0) > 2 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
