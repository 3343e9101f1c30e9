// type: xdp
// code: V030
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
static long (*const helper)(void) = (void *)9999;
#else
static long (*const helper)(void) = (void *)8;
#endif

SEC("xdp")
int calls(struct xdp_md *ctx)
{
	return helper() == 0 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
