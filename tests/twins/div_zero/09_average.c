// type: xdp
// code: V021
// level: warning
// kernel: accepts-unsafe
// why: Linux defines a division by zero
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct totals {
	__u64 bytes;
	__u64 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct totals);
} totals SEC(".maps");

SEC("xdp")
int average(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	struct totals *found = bpf_map_lookup_elem(&totals, &key);
	__u64 packets;

	if (!found)
		return XDP_DROP;
#ifdef UNSAFE
	packets = found->packets;
#else
	packets = found->packets ?: 1;
#endif
	return found->bytes / packets > 100 ? XDP_PASS : XDP_DROP;
}
