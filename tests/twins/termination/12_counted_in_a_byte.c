// type: xdp
// code: V060
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
typedef __u8 counter_t;
#else
typedef __u16 counter_t;
#endif

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 limit = 300, random = 0;

	barrier_var(limit);
#pragma clang loop unroll(disable)
	for (counter_t i = 0; i < limit; i++)
		random ^= bpf_get_prandom_u32();
	return random & 1 ? XDP_PASS : XDP_DROP;
}
