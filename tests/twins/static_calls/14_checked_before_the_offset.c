// type: xdp
// code: V011
// access: yes
// kernel: rejects-safe
// why: Linux wants the comparison with the end after the variable offset has been added
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define MOST 31
#else
#define MOST 15
#endif

static __noinline long header_bytes(unsigned char *data)
{
	return data[0] & MOST;
}

SEC("xdp")
int parses(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

	if (data + 16 > data_end)
		return XDP_DROP;
	return data[header_bytes(data)] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
