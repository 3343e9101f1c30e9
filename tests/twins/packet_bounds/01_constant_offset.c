// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int ethertype(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

#ifdef UNSAFE
	if (data + sizeof(*eth) - 1 > data_end)
#else
	if (data + sizeof(*eth) > data_end)
#endif
		return XDP_ABORTED;
	return eth->h_proto ? XDP_PASS : XDP_DROP;
}
