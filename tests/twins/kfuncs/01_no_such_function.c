// type: xdp
// code: V067
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern int bpf_of_another_kernel(struct xdp_md *ctx) __weak __ksym;

SEC("xdp")
int calls(struct xdp_md *ctx)
{
#ifndef UNSAFE
	if (!bpf_ksym_exists(bpf_of_another_kernel))
		return XDP_PASS;
#endif
	return bpf_of_another_kernel(ctx);
}

char LICENSE[] SEC("license") = "GPL";
