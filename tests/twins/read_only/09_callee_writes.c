// type: xdp
// code: V015
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 defaults[4] = {1, 2, 3, 4};
volatile __u32 current[4];

static __noinline void set(volatile __u32 *table, __u32 at)
{
	table[at & 3] = 9;
}

SEC("xdp")
int calls(struct xdp_md *ctx)
{
	set(current, ctx->rx_queue_index);
#ifdef UNSAFE
	set((volatile __u32 *)defaults, ctx->ingress_ifindex);
#else
	set(current, ctx->ingress_ifindex);
#endif
	return defaults[0] + current[0];
}
