// type: xdp
// code: V002
// level: warning
// kernel: accepts-unsafe
// why: root may read stack bytes that were not written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int table(struct xdp_md *ctx)
{
	volatile __u32 squares[16];

#ifdef UNSAFE
	for (__u32 i = 0; i < 15; i++)
#else
	for (__u32 i = 0; i < 16; i++)
#endif
		squares[i] = i * i;
	return squares[ctx->rx_queue_index & 15] > 20 ? XDP_PASS : XDP_DROP;
}
