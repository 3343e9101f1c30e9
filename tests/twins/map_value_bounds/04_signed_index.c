// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u32 ports[1024];

SEC("xdp")
int count(struct xdp_md *ctx)
{
#ifdef UNSAFE
	int port = ctx->ingress_ifindex;
#else
	__u32 port = ctx->ingress_ifindex;
#endif

	if (port > 1023)
		return XDP_DROP;
	ports[port] = 1;
	return XDP_PASS;
}
