// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline void set(unsigned char *slots, unsigned int at)
{
	if (at < 16)
		slots[at] = 1;
}

SEC("xdp")
int outer(struct xdp_md *ctx)
{
	unsigned char slots[16] = {};

#ifdef UNSAFE
	set(slots + 1, ctx->rx_queue_index);
#else
	set(slots, ctx->rx_queue_index);
#endif
	return slots[ctx->ingress_ifindex & 15];
}
