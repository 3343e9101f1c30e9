// type: xdp
// code: V060
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u8 text[64];

SEC("xdp")
int length(struct xdp_md *ctx)
{
	__u32 i = 0;

#ifdef UNSAFE
	while (text[i])
		i = (i + 1) & 63;
#else
	while (i < 64 && text[i])
		i = i + 1;
#endif
	return i > 10 ? XDP_PASS : XDP_DROP;
}
