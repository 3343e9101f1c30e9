// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int two_offsets(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	unsigned char *first, *second;

	if (data + 2 > data_end)
		return XDP_DROP;
	first = data + data[0];
	second = data + data[1];
	if (first + 4 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	return second[3];
#else
	return first[3];
#endif
}
