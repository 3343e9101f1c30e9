// type: xdp
// code: V011
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int mark(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	__u32 *meta;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return XDP_PASS;
	meta = (void *)(long)ctx->data_meta;
#ifndef UNSAFE
	data = (void *)(long)ctx->data;
#endif
	if ((void *)(meta + 1) > data)
		return XDP_PASS;
	*meta = 7;
	return XDP_PASS;
}
