// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <bpf/bpf_helpers.h>

struct extension {
	__u8 next;
	__u8 words;
};

SEC("xdp")
int upper_layer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip6 = data + sizeof(struct ethhdr);
	struct extension *ext = (void *)(ip6 + 1);
	__u8 next;

	if ((void *)(ext + 1) > data_end)
		return XDP_DROP;
	next = ip6->nexthdr;
	for (int i = 0; i < 4; i++) {
		if (next != 0 && next != 43 && next != 60)
			break;
#ifndef UNSAFE
		if ((void *)(ext + 1) > data_end)
			return XDP_DROP;
#endif
		next = ext->next;
		ext = (void *)ext + (ext->words + 1) * 8;
	}
	return next == IPPROTO_TCP ? XDP_PASS : XDP_DROP;
}
