// type: sched_cls
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int pulls(struct __sk_buff *ctx)
{
	struct __sk_buff copy = {};
	struct __sk_buff *chosen = ctx;

	if (ctx->mark == 7)
#ifdef UNSAFE
		chosen = &copy;
#else
		chosen = ctx;
#endif
	barrier_var(chosen);
	return bpf_skb_pull_data(chosen, copy.len);
}

char LICENSE[] SEC("license") = "GPL";
