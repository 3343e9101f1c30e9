// type: xdp
// code: V011
// access: yes
// kernel: rejects-safe
// why: Linux wants the comparison with the end after the variable offset has been added
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The result is at most 15, or negative. */
static __noinline long header_bytes(unsigned char *data, unsigned char *data_end)
{
	if (data + 1 > data_end)
		return -1;
	return data[0] & 15;
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
	if (data + 16 > data_end)
		return XDP_DROP;
	return data[bytes] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
