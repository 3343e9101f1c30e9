// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int where_the_first_byte_points(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	unsigned char *found;

	if (data + 1 > data_end)
		return XDP_DROP;
	found = data + data[0];
#ifdef UNSAFE
	if (found + 1 > data_end)
#else
	if (found + 2 > data_end)
#endif
		return XDP_DROP;
	return found[1];
}
