// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int one_byte_more(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

#ifdef UNSAFE
	if (data + 14 <= data_end)
#else
	if (data + 14 < data_end)
#endif
		return data[14] >> 4 == 4 ? XDP_PASS : XDP_DROP;
	return XDP_ABORTED;
}
