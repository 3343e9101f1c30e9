// type: xdp
// code: V002
// level: warning
// kernel: accepts-unsafe
// why: root may read stack bytes that were not written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int output(struct xdp_md *ctx)
{
	volatile __u64 words[4];
	__u32 size = ctx->rx_queue_index & 31;

	words[0] = ctx->ingress_ifindex;
	words[1] = 1;
	words[2] = 2;
#ifdef UNSAFE
	words[0] = 3;
#else
	words[3] = 3;
#endif
	bpf_ringbuf_output(&events, (void *)words, size, 0);
	return XDP_PASS;
}
