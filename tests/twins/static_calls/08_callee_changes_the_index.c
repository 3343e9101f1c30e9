// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline void choose(volatile __u64 *index, __u32 queue)
{
	if (queue > 100)
#ifdef UNSAFE
		*index = queue;
#else
		*index = queue & 7;
#endif
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	volatile __u8 bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	volatile __u64 index = 3;

	choose(&index, ctx->rx_queue_index);
	return bytes[index] > 4 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
