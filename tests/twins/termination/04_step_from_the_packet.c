// type: xdp
// code: V060
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int blocks(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *data_end = (void *)(long)ctx->data_end;
	__u32 sum = 0, n;

	if (data + 64 > data_end)
		return XDP_DROP;
	n = data[0] & 31;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < n;) {
		sum ^= bpf_get_prandom_u32();
#ifdef UNSAFE
		i += data[1] & 1;
#else
		i += (data[1] & 1) + 1;
#endif
	}
	return sum & 1 ? XDP_PASS : XDP_DROP;
}
