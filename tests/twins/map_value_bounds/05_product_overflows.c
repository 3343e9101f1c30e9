// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct rule {
	__u64 words[4];
};

struct rule rules[8];

SEC("xdp")
int apply(struct xdp_md *ctx)
{
	__u32 index = ctx->ingress_ifindex;

#ifdef UNSAFE
	__u32 bytes = index * (__u32)sizeof(struct rule);

	barrier_var(bytes);
	if (bytes >= sizeof(rules))
#else
	if (index >= 8)
#endif
		return XDP_DROP;
	rules[index].words[0]++;
	return XDP_PASS;
}
