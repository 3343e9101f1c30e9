// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int too_late(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	unsigned char first;

#ifdef UNSAFE
	first = *(volatile unsigned char *)eth->h_source;
	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
#else
	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	first = *(volatile unsigned char *)eth->h_source;
#endif
	return first & 1 ? XDP_DROP : XDP_PASS;
}
