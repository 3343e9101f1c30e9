// type: sk_lookup
// code: V016
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_lookup")
int choose(struct bpf_sk_lookup *ctx)
{
#ifdef UNSAFE
	ctx->local_port = 80;
#else
	if (ctx->local_port == 80)
		return SK_DROP;
#endif
	return SK_PASS;
}
