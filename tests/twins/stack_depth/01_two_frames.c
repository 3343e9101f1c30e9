// type: xdp
// code: V062
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define WORDS 40
#else
#define WORDS 24
#endif

static __noinline int inner(__u32 at)
{
	volatile __u64 words[WORDS] = {};

	words[at & 15] = at;
	return words[3];
}

SEC("xdp")
int outer(struct xdp_md *ctx)
{
	volatile __u64 words[30] = {};

	words[5] = inner(ctx->rx_queue_index);
	return words[5] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
