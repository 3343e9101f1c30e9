// type: xdp
// code: V037
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int starts_with_one(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u8 buffer[16], *start;
#ifdef UNSAFE
	__u32 bytes = (ctx->rx_queue_index & 7) + 1;
#else
	__u32 bytes = 8;
#endif

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_DROP;
	start = bpf_dynptr_slice(&packet, 0, buffer, bytes);
	if (!start)
		return XDP_DROP;
	return start[0] == 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
