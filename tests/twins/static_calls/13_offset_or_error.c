// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The result is at most 15, or negative. */
static __noinline long header_bytes(unsigned char *data, unsigned char *data_end)
{
	if (data + 1 > data_end)
		return -1;
	return data[0] > 15 ? -1 : data[0];
}

SEC("xdp")
int parses(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	long bytes = header_bytes(data, data_end);

#ifndef UNSAFE
	if (bytes < 0)
		return XDP_DROP;
#endif
	data += bytes;
	if (data + 1 > data_end)
		return XDP_DROP;
	return data[0] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
