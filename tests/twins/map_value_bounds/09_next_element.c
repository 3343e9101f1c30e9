// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u32 limits[17];

SEC("xdp")
int between(struct xdp_md *ctx)
{
	__u32 at = ctx->rx_queue_index;

#ifdef UNSAFE
	if (at > 16)
#else
	if (at > 15)
#endif
		return XDP_DROP;
	return limits[at] < limits[at + 1] ? XDP_PASS : XDP_DROP;
}
