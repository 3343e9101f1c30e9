// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PROTOCOLS 100

__u64 seen[PROTOCOLS];

SEC("xdp")
int count(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

	if (data + 24 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	if (data[23] <= PROTOCOLS)
#else
	if (data[23] < PROTOCOLS)
#endif
		seen[data[23]]++;
	return XDP_PASS;
}
