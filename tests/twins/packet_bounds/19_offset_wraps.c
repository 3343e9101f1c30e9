// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int far_away(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	__u64 offset;

	if (data + 8 > data_end)
		return XDP_DROP;
	offset = *(__u64 *)data;
#ifndef UNSAFE
	if (offset > 1500)
		return XDP_DROP;
#endif
	if (data + offset + 1 > data_end)
		return XDP_DROP;
	return data[offset];
}
