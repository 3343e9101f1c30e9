// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int checksum(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);

#ifdef UNSAFE
	if ((void *)ip + 16 > data_end)
#else
	if ((void *)ip + 20 > data_end)
#endif
		return XDP_DROP;
	return bpf_csum_diff(0, 0, (void *)ip, sizeof(*ip), 0) & 1 ? XDP_PASS : XDP_DROP;
}
