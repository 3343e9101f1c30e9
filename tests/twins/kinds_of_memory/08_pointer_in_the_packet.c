// type: xdp
// code: V022
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int trusting(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u64 where;

	if (data + 256 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	where = *(__u64 *)data;
#else
	where = (unsigned long)data + *(__u8 *)data;
#endif
	if (where + 2 > (unsigned long)data_end)
		return XDP_DROP;
	return *(volatile __u8 *)where;
}
