// type: xdp
// code: V034
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;

	if (data + 4 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	return bpf_csum_diff(0, 0, data_end, 4, 0) > 9 ? XDP_PASS : XDP_DROP;
#else
	return bpf_csum_diff(0, 0, data, 4, 0) > 9 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
