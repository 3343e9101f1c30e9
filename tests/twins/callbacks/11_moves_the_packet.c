// type: xdp
// code: V019
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int step(__u32 index, struct xdp_md **ctx)
{
	return bpf_xdp_adjust_head(*ctx, 4) < 0;
}

SEC("xdp")
int strips(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	int first;

	if (data + 1 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	bpf_loop(4, step, &ctx, 0);
	first = data[0];
#else
	first = data[0];
	bpf_loop(4, step, &ctx, 0);
#endif
	return first ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
