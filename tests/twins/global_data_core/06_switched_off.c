// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const volatile _Bool deep = 1;
#else
const volatile _Bool deep = 0;
#endif

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

	if (data + 14 > data_end)
		return XDP_DROP;
	/* What is never reached may be wrong. */
	if (deep)
		return data[34] ? XDP_PASS : XDP_DROP;
	return data[12] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
