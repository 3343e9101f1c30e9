// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int byte_at(unsigned char *data, __u32 offset)
{
	return data[offset];
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

	if (data + 32 > data_end)
		return XDP_DROP;
	if (byte_at(data, 0) == 1)
		return XDP_PASS;
#ifdef UNSAFE
	return byte_at(data, 32) == 1 ? XDP_PASS : XDP_DROP;
#else
	return byte_at(data, 31) == 1 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
