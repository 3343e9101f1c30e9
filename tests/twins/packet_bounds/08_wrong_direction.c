// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int compared_from_the_right(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

#ifdef UNSAFE
	if (data_end <= data + 20)
#else
	if (data_end >= data + 20)
#endif
		return data[19] == 6 ? XDP_PASS : XDP_DROP;
	return XDP_ABORTED;
}
