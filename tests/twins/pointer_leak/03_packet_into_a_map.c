// type: xdp
// code: V024
// level: warning
// kernel: accepts-unsafe
// why: root may let addresses out
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u64 seen;

SEC("xdp")
int length(struct xdp_md *ctx)
{
	unsigned long data = ctx->data;
	unsigned long data_end = ctx->data_end;

#ifdef UNSAFE
	seen = data_end;
#else
	seen = data_end - data;
#endif
	return data ? XDP_PASS : XDP_DROP;
}
