// type: xdp
// code: V041
// kernel: accepts-unsafe
// why: Linux takes what bpf_dynptr_slice returned for other memory than the buffer that it may be
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *ptr, __u32 offset, void *buffer, __u32 buffer__szk) __ksym;

static __attribute__((noinline)) __u64 *begin(struct bpf_dynptr *packet, __u64 *above)
{
	__u64 own = 0;

#ifdef UNSAFE
	return bpf_dynptr_slice_rdwr(packet, 0, &own, sizeof(own));
#else
	*above = *(volatile __u64 *)&own;
	return bpf_dynptr_slice_rdwr(packet, 0, above, sizeof(*above));
#endif
}

SEC("xdp")
int writes(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u64 buffer = 0;
	__u64 *slice;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_PASS;
	slice = begin(&packet, &buffer);
	if (!slice)
		return XDP_PASS;
	*slice = 4919;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
