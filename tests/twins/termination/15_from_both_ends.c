// type: xdp
// code: V060
// kernel: rejects-safe
// why: Linux walks every path of the loop, and does not see that they meet
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int meet(struct xdp_md *ctx)
{
	__u32 low = 0, high = 12;

	while (low < high) {
		if (bpf_get_prandom_u32() & 1)
			low++;
#ifndef UNSAFE
		else
			high--;
#endif
	}
	return low & 1 ? XDP_PASS : XDP_DROP;
}
