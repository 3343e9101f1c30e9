// type: xdp
// code: V015
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u8 original[32] = {1, 2, 3};
volatile __u8 copy[32];

SEC("xdp")
int reset(struct xdp_md *ctx)
{
	__u32 length = ctx->rx_queue_index & 31;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < length; i++)
#ifdef UNSAFE
		*(volatile __u8 *)&original[i] = copy[i];
#else
		*(volatile __u8 *)&copy[i] = original[i];
#endif
	return XDP_PASS;
}
