// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u16 classes[16] = {1, 2, 3};

SEC("xdp")
int classifies(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

	if (data + 16 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	return classes[data[15] & 31] ? XDP_PASS : XDP_DROP;
#else
	return classes[data[15] & 15] ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
