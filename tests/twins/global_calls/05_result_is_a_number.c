// type: xdp
// code: V068
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 numbers[16];

#ifdef UNSAFE
__weak volatile __u32 *number_at(__u32 index)
{
	return &numbers[index & 15];
}
#else
__weak __u32 number_at(__u32 index)
{
	return numbers[index & 15];
}
#endif

SEC("xdp")
int looks(struct xdp_md *ctx)
{
#ifdef UNSAFE
	return number_at(ctx->rx_queue_index) ? XDP_PASS : XDP_DROP;
#else
	return number_at(ctx->rx_queue_index) > 7 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
