// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int mark(struct xdp_md *ctx)
{
	void *meta = (void *)(long)ctx->data_meta;
	void *data = (void *)(long)ctx->data;
	unsigned int *value = meta;

#ifdef UNSAFE
	if ((void *)value > data)
#else
	if ((void *)(value + 1) > data)
#endif
		return XDP_PASS;
	return *value == 7 ? XDP_DROP : XDP_PASS;
}
