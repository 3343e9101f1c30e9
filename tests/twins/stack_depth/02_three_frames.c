// type: xdp
// code: V062
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define WORDS 26
#else
#define WORDS 16
#endif

static __noinline int third(__u32 at)
{
	volatile __u64 words[20] = {};

	words[at & 15] = at;
	return words[3];
}

static __noinline int second(__u32 at)
{
	volatile __u64 words[WORDS] = {};

	words[4] = third(at);
	return words[4] + 1;
}

SEC("xdp")
int first(struct xdp_md *ctx)
{
	volatile __u64 words[20] = {};

	words[5] = second(ctx->rx_queue_index);
	return words[5] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
