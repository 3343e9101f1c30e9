// type: xdp
// code: V068
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
typedef void memory;
typedef __u16 word;
#else
typedef __u32 memory;
typedef __u32 word;
#endif

__weak int first(memory *words)
{
	return words ? *(word *)words : 0;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

	return first(&queue) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
