// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
typedef signed char offset_t;
#else
typedef unsigned char offset_t;
#endif

SEC("xdp")
int relative(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	unsigned char *found;
	offset_t offset;

	if (data + 16 > data_end)
		return XDP_DROP;
	offset = data[14];
	found = data + 16 + offset;
	if (found + 1 > data_end)
		return XDP_DROP;
	return *found;
}
