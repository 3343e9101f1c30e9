// type: xdp
// code: V019
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int trim(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *data_end = (void *)(long)ctx->data_end;
	__u8 first;

	if (data + 14 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	bpf_xdp_adjust_tail(ctx, -4);
	first = data[0];
#else
	first = data[0];
	bpf_xdp_adjust_tail(ctx, -4);
#endif
	return first & 1 ? XDP_DROP : XDP_PASS;
}
