// type: xdp
// code: V011
// access: yes
// kernel: rejects-safe
// why: what Linux knows of a check does not reach a pointer that a variable is added to later
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int masked(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	unsigned int offset;

	if (data + 64 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	offset = *(__u32 *)data & 127;
#else
	offset = *(__u32 *)data & 63;
#endif
	return data[offset];
}
