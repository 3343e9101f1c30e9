// type: xdp
// code: V011
// access: yes
// kernel: rejects-safe
// why: what Linux knows of a check does not reach a pointer that a variable is added to later
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int below_zero(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
#ifdef UNSAFE
	int offset;
#else
	unsigned int offset;
#endif

	if (data + 128 > data_end)
		return XDP_DROP;
	offset = *(__u32 *)data;
	if (offset > 100)
		return XDP_DROP;
	return data[offset];
}
