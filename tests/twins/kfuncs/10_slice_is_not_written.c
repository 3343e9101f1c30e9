// type: xdp
// code: V015
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int marks(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u8 buffer[8], *start;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_DROP;
	start = bpf_dynptr_slice(&packet, 0, buffer, sizeof(buffer));
	if (!start)
		return XDP_DROP;
#ifdef UNSAFE
	*(volatile __u8 *)start = 1;
#endif
	return start[0] == 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
