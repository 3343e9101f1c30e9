// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const volatile struct { __u16 port; __u16 offset; } config = {80, 34};
#else
const volatile struct { __u16 port; __u16 offset; } config = {80, 12};
#endif

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

	if (data + 14 > data_end)
		return XDP_DROP;
	return data[config.offset] == config.port ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
