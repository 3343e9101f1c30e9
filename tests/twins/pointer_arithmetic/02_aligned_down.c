// type: xdp
// code: V023
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int aligned(struct xdp_md *ctx)
{
	unsigned long data = ctx->data;
	unsigned long data_end = ctx->data_end;
	unsigned long word = data + 14 + (ctx->rx_queue_index & 7);

#ifdef UNSAFE
	word &= ~3ul;
#endif
	if (word + 4 > data_end)
		return XDP_DROP;
	return *(volatile __u32 *)word & 1;
}
