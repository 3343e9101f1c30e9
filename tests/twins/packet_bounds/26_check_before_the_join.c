// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int past_the_tag(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	unsigned char *network = data + sizeof(*eth);

#ifdef UNSAFE
	if (network + 20 > (unsigned char *)data_end)
		return XDP_DROP;
#endif
	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	if (eth->h_proto == bpf_htons(ETH_P_8021Q))
		network += 4;
#ifndef UNSAFE
	if (network + 20 > (unsigned char *)data_end)
		return XDP_DROP;
#endif
	return network[19] == 1 ? XDP_DROP : XDP_PASS;
}
