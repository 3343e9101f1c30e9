// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern int bpf_dynptr_memset(struct bpf_dynptr *p, __u32 offset, __u32 size, __u8 val) __ksym;

SEC("xdp")
int fills(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 *place;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet) || data + 20 > end)
		return XDP_PASS;
	place = data + *(volatile __u8 *)(data + 14);
	if (place + 20 > end)
		return XDP_PASS;
	bpf_dynptr_memset(&packet, 14, 1, 255);
#ifdef UNSAFE
	place = data + *(volatile __u8 *)(data + 14);
#endif
	return place[19] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
