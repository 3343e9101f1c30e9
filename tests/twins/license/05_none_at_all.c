// type: xdp
// code: V029
// level: warning
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int routes(struct xdp_md *ctx)
{
	struct bpf_fib_lookup params = {};

	params.family = 2;
	params.ifindex = ctx->ingress_ifindex;
	return bpf_fib_lookup(ctx, &params, sizeof(params), 0) == 0 ? XDP_PASS : XDP_DROP;
}

#ifndef UNSAFE
char LICENSE[] SEC("license") = "GPL";
#endif
