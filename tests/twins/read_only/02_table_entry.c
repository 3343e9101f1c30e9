// type: xdp
// code: V015
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u8 allowed[16] = {1, 1};
volatile __u8 seen[16];

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 at = ctx->rx_queue_index & 15;

#ifdef UNSAFE
	*(volatile __u8 *)&allowed[at] = 0;
#else
	*(volatile __u8 *)&seen[at] = 0;
#endif
	return allowed[at] ? XDP_PASS : XDP_DROP;
}
