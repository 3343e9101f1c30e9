// type: xdp
// code: V013
// access: yes
// kernel: rejects-safe
// why: Linux 6.18 knows no bound of a remainder
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u32 servers[10];

SEC("xdp")
int balance(struct xdp_md *ctx)
{
#ifdef UNSAFE
	__u32 at = ctx->ingress_ifindex % 11;
#else
	__u32 at = ctx->ingress_ifindex % 10;
#endif

	servers[at]++;
	return XDP_PASS;
}
