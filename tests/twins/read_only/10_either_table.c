// type: xdp
// code: V015
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u64 zero[2] = {0, 0};
volatile __u64 counts[2];

SEC("xdp")
int either(struct xdp_md *ctx)
{
	volatile __u64 *to = counts;

	if (ctx->ingress_ifindex == 1)
		to = (volatile __u64 *)zero;
	barrier_var(to);
#ifdef UNSAFE
	to[1] = 5;
#else
	if (to[1] == 5)
		return XDP_DROP;
#endif
	return XDP_PASS;
}
