// type: xdp
// code: V002
// level: warning
// kernel: accepts-unsafe
// why: root may read stack bytes that were not written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u8 protocol;
	__u32 address;
#ifdef UNSAFE
};
#else
} __attribute__((packed));
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct key);
	__type(value, __u64);
} seen SEC(".maps");

SEC("xdp")
int look(struct xdp_md *ctx)
{
	struct key key;

	key.protocol = ctx->rx_queue_index;
	key.address = ctx->ingress_ifindex;
	return bpf_map_lookup_elem(&seen, &key) ? XDP_PASS : XDP_DROP;
}
