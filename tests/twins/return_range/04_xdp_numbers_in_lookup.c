// type: sk_lookup
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_lookup")
int looks_up(struct bpf_sk_lookup *ctx)
{
#ifdef UNSAFE
	return ctx->local_port == 80 ? XDP_PASS : XDP_DROP;
#else
	return ctx->local_port == 80 ? SK_PASS : SK_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
