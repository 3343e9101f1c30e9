// type: xdp
// code: V017
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int cast(struct xdp_md *ctx)
{
	__u8 buffer[16] __attribute__((aligned(8))) = {};
	__u8 *at = buffer;

	barrier_var(at);
	at[ctx->ingress_ifindex & 15] = 1;
#ifdef UNSAFE
	return *(__u16 *)&at[5];
#else
	return *(__u16 *)&at[4];
#endif
}
