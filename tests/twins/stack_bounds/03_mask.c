// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pick(struct xdp_md *ctx)
{
	unsigned char table[16] = "abcdefghijklmno";
	unsigned int first = ctx->ingress_ifindex, second = ctx->rx_queue_index;

	table[first & 15] = 1;
#ifdef UNSAFE
	return table[second & 31];
#else
	return table[second & 15];
#endif
}
