// type: xdp
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	__u32 words[4] = {ctx->rx_queue_index, 2, 3, 4};

#ifdef UNSAFE
	return bpf_csum_diff(0, 0, (void *)ctx, sizeof(words), words[0]) > 9 ? XDP_PASS : XDP_DROP;
#else
	return bpf_csum_diff(0, 0, words, sizeof(words), words[0]) > 9 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
