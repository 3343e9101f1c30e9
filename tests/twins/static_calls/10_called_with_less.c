// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int sum(unsigned char *data, unsigned char *data_end, __u32 bytes)
{
	int result = 0;

#ifndef UNSAFE
	if (bytes > 8)
		return 0;
#endif
	if (data + 8 > data_end)
		return 0;
	for (__u32 i = 0; i < 16; i++) {
		if (i >= bytes)
			break;
		result += data[i];
	}
	return result;
}

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	int first = sum(data, data_end, 4);

	return first + sum(data, data_end, ctx->rx_queue_index & 15) > 99 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
