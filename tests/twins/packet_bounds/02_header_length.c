// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int after_the_options(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	unsigned char *payload;

	if ((void *)(ip + 1) > data_end)
		return XDP_DROP;
	payload = (unsigned char *)ip + ip->ihl * 4;
#ifndef UNSAFE
	if (payload + 1 > (unsigned char *)data_end)
		return XDP_DROP;
#endif
	return payload[0] == 8 ? XDP_PASS : XDP_DROP;
}
