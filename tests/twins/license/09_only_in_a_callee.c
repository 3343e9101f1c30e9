// type: xdp
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int how_large(struct xdp_md *ctx, __u32 device)
{
	__u32 mtu = 0;

	if (bpf_check_mtu(ctx, device, &mtu, 0, 0))
		return 0;
	return mtu;
}

SEC("xdp")
int limits(struct xdp_md *ctx)
{
	return how_large(ctx, ctx->ingress_ifindex) > 1500 ? XDP_PASS : XDP_DROP;
}

#ifdef UNSAFE
char LICENSE[] SEC("license") = "Proprietary";
#else
char LICENSE[] SEC("license") = "GPL and additional rights";
#endif
