// type: xdp
// code: V060
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int walk(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *data_end = (void *)(long)ctx->data_end;
	__u32 at = 0;

	while (at < 1000) {
		__u8 *option = data + at;

		if (option + 2 > data_end)
			return XDP_PASS;
#ifdef UNSAFE
		at += option[1];
#else
		at += option[1] + 2;
#endif
	}
	return XDP_DROP;
}
