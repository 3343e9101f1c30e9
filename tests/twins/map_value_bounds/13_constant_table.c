// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u8 classes[48] = {1, 2, 3};

SEC("xdp")
int class(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *data_end = (void *)(long)ctx->data_end;

	if (data + 16 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	if (data[15] >> 2 > 48)
#else
	if (data[15] >> 2 >= 48)
#endif
		return XDP_DROP;
	return classes[data[15] >> 2];
}
