// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int destination_port(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct udphdr *udp;

	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		udp = data + 54;
		if ((void *)(udp + 1) > data_end)
			return XDP_DROP;
	} else {
		udp = data + 34;
#ifndef UNSAFE
		if ((void *)(udp + 1) > data_end)
			return XDP_DROP;
#endif
	}
	return udp->dest == bpf_htons(53) ? XDP_DROP : XDP_PASS;
}
