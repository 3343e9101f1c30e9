// type: xdp
// code: V060
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 limit;

SEC("xdp")
int wait(struct xdp_md *ctx)
{
	__u32 n = limit & 0xff, random = 0;

#ifdef UNSAFE
	while (limit & 0xff)
#else
	while (n--)
#endif
		random ^= bpf_get_prandom_u32();
	return random & 1 ? XDP_PASS : XDP_DROP;
}
