// type: xdp
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int interface(struct xdp_md *ctx)
{
#ifdef UNSAFE
	return ctx->egress_ifindex == 3 ? XDP_DROP : XDP_PASS;
#else
	return ctx->ingress_ifindex == 3 ? XDP_DROP : XDP_PASS;
#endif
}
