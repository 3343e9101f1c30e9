// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline void put(volatile __u8 *bytes, __u32 index)
{
	bytes[index] = 1;
}

#ifdef UNSAFE
#define LIMIT 17
#else
#define LIMIT 16
#endif

SEC("xdp")
int marks(struct xdp_md *ctx)
{
	volatile __u8 bytes[16] = {};
	__u32 index = ctx->rx_queue_index;

	if (index >= LIMIT)
		return XDP_DROP;
	put(bytes, index);
	return bytes[3] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
