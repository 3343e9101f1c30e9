// type: xdp
// code: V062
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int one(__u32 at)
{
	volatile __u64 words[28] = {};

	words[at & 15] = at;
	return words[3];
}

static __noinline int other(__u32 at)
{
	volatile __u64 words[28] = {};

	words[at & 15] = at;
#ifdef UNSAFE
	words[7] = one(at);
#endif
	return words[3] + words[7];
}

SEC("xdp")
int calls_both(struct xdp_md *ctx)
{
	volatile __u64 words[20] = {};

	words[5] = one(ctx->rx_queue_index);
	words[6] = other(ctx->ingress_ifindex);
	return words[5] == words[6] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
