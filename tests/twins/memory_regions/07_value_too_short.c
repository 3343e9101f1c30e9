// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct state {
	__u64 first;
	__u64 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct state);
} states SEC(".maps");

#ifdef UNSAFE
__u64 stored;
#else
struct state stored;
#endif

SEC("xdp")
int remember(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;

	bpf_map_update_elem(&states, &key, &stored, BPF_ANY);
	return XDP_PASS;
}
