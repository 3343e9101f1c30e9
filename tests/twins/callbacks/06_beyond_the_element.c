// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(key_size, 4);
	__uint(value_size, 16);
} counts SEC(".maps");

#ifdef UNSAFE
#define WORD 2
#else
#define WORD 1
#endif

static long clear(void *map, __u32 *key, __u64 *value, void *data)
{
	value[WORD] = 0;
	return 0;
}

SEC("xdp")
int clears(struct xdp_md *ctx)
{
	return bpf_for_each_map_elem(&counts, clear, 0, 0) > 2 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
