// type: xdp
// code: V011
// access: yes
// kernel: rejects-safe
// why: Linux keeps no relation of a difference to its two pointers
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int long_enough(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	long length = data_end - data;

#ifdef UNSAFE
	if (length < 33)
#else
	if (length < 34)
#endif
		return XDP_DROP;
	return data[33] == 1 ? XDP_PASS : XDP_DROP;
}
