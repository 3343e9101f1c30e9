// type: xdp
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 limit = 8;
volatile __u32 seen;

SEC("xdp")
int writes(struct xdp_md *ctx)
{
#ifdef UNSAFE
	volatile __u32 *to = (volatile __u32 *)&limit;
#else
	volatile __u32 *to = &seen;
#endif

	barrier_var(to);
	*to = ctx->rx_queue_index;
	return limit > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
