// type: xdp
// code: V019
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__weak int strip(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 14);
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	int first;

	if (data + 1 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	strip(ctx);
	first = data[0];
#else
	first = data[0];
	strip(ctx);
#endif
	return first ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
