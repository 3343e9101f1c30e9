// type: xdp
// code: V020
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int starts_with_one(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u8 buffer[8], *start;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_DROP;
	start = bpf_dynptr_slice(&packet, 0, buffer, sizeof(buffer));
#ifndef UNSAFE
	if (!start)
		return XDP_DROP;
#endif
	return start[0] == 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
