// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int protocol(unsigned char *at, unsigned char *end)
{
#ifdef UNSAFE
	if (at + 9 > end)
#else
	if (at + 10 > end)
#endif
		return -1;
	return at[9];
}

SEC("xdp")
int calls(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	int outer = protocol(data + 14, data_end);

	if (outer == 4)
		return protocol(data + 34, data_end) == 17 ? XDP_PASS : XDP_DROP;
	return outer == 17 ? XDP_PASS : XDP_DROP;
}
