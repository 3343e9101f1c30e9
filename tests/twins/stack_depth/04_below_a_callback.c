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

static int step(__u32 index, __u64 *sum)
{
	volatile __u64 words[WORDS] = {};

	words[index & 15] = index;
	*sum += words[3];
	return 0;
}

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	volatile __u64 words[28] = {};
	__u64 sum = 0;

	words[5] = ctx->rx_queue_index;
	bpf_loop(16, step, &sum, 0);
	return sum > words[5] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
