// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int wipe(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;

	if (data + 12 > data_end)
		return XDP_DROP;
	*(__u64 *)data = 0;
#ifdef UNSAFE
	*(__u64 *)(data + 8) = 0;
#else
	*(__u32 *)(data + 8) = 0;
#endif
	return XDP_PASS;
}
