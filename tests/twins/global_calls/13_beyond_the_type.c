// type: xdp
// code: V014
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	__u32 a;
	__u32 b;
};

#ifdef UNSAFE
#define WORD 2
#else
#define WORD 1
#endif

__weak int second(struct pair *pair)
{
	if (!pair)
		return 0;
	return ((volatile __u32 *)pair)[WORD];
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	/* That there is more behind it here does not matter. */
	struct pair pairs[2] = {{ctx->rx_queue_index, 2}, {3, 4}};

	return second(pairs) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
