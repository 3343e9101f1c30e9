// type: xdp
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int copies_header(struct xdp_md *ctx)
{
	__u8 header[16];

#ifdef UNSAFE
	if (bpf_skb_load_bytes(ctx, 0, header, sizeof(header)) < 0)
#else
	if (bpf_xdp_load_bytes(ctx, 0, header, sizeof(header)) < 0)
#endif
		return XDP_DROP;
	return header[12] == 8 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
