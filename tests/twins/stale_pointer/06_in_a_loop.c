// type: xdp
// code: V019
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int unwrap(struct xdp_md *ctx)
{
#ifdef UNSAFE
	__u8 *data = (void *)(long)ctx->data;
#endif

#pragma clang loop unroll(disable)
	for (int i = 0; i < 4; i++) {
#ifndef UNSAFE
		__u8 *data = (void *)(long)ctx->data;
#endif
		__u8 *data_end = (void *)(long)ctx->data_end;

		if (data + 4 > data_end)
			return XDP_DROP;
		if (data[0] != 0x88)
			return XDP_PASS;
		if (bpf_xdp_adjust_head(ctx, 4))
			return XDP_DROP;
	}
	return XDP_DROP;
}
