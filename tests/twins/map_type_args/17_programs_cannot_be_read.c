// type: xdp
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
#else
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
#endif
	__uint(max_entries, 4);
#ifdef UNSAFE
	__uint(key_size, 4);
#else
	__uint(key_size, 8);
#endif
	__uint(value_size, 4);
} table SEC(".maps");

SEC("xdp")
int looks_up(struct xdp_md *ctx)
{
	__u32 key[2] = {32, ctx->rx_queue_index};

	return bpf_map_lookup_elem(&table, key) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
