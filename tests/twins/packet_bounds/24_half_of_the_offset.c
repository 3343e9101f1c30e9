// type: xdp
// code: V011
// access: yes
// kernel: rejects-safe
// why: what Linux knows of a check does not reach a pointer that a variable is added to later
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int low_half(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	__u64 offset;

	if (data + 256 > data_end)
		return XDP_DROP;
	offset = *(__u64 *)data;
#ifdef UNSAFE
	if ((__u32)offset > 255)
#else
	if (offset > 255)
#endif
		return XDP_DROP;
	return data[offset];
}
