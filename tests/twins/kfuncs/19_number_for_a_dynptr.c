// type: xdp
// code: V033
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int size(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
#ifdef UNSAFE
	__u64 words[2] = {1, 2};
#endif

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_DROP;
#ifdef UNSAFE
	return bpf_dynptr_size((struct bpf_dynptr *)words) > 60 ? XDP_PASS : XDP_DROP;
#else
	return bpf_dynptr_size(&packet) > 60 ? XDP_PASS : XDP_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
