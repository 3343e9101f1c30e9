// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 buckets[16];

SEC("xdp")
int hashed(struct xdp_md *ctx)
{
	__u32 hash = ctx->ingress_ifindex * 0x9e3779b1;

#ifdef UNSAFE
	buckets[hash >> 27]++;
#else
	buckets[hash >> 28]++;
#endif
	return XDP_PASS;
}
