// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u8 flags[4096];

SEC("xdp")
int lookup(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u64 index;

	if (data + 8 > data_end)
		return XDP_DROP;
	index = *(__u64 *)data;
#ifdef UNSAFE
	if ((__u32)index >= sizeof(flags))
#else
	if (index >= sizeof(flags))
#endif
		return XDP_DROP;
	return flags[index];
}
