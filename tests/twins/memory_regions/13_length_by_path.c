// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int length_by_path(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	long length = 36;

#ifdef UNSAFE
	if (data + 36 <= data_end)
		length = 40;
#else
	if (data + 40 <= data_end)
		length = 40;
#endif
	else if (data + 36 > data_end)
		return XDP_DROP;
	return bpf_csum_diff(0, 0, data, length, 0) & 1 ? XDP_PASS : XDP_DROP;
}
