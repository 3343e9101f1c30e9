// type: xdp
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define BYTES 4
#else
#define BYTES 0
#endif

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	__u32 seed = ctx->rx_queue_index;

	return bpf_csum_diff(0, BYTES, &seed, sizeof(seed), 0) > 9 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
