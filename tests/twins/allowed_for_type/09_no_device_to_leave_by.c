// type: xdp
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
SEC("xdp")
#else
SEC("xdp/devmap")
#endif
int leaves(struct xdp_md *ctx)
{
	return ctx->egress_ifindex == 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
