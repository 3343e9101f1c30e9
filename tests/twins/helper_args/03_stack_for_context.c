// type: sched_cls
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int pulls(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	struct __sk_buff copy = {};

	return bpf_skb_pull_data(&copy, 0);
#else
	return bpf_skb_pull_data(ctx, 0);
#endif
}

char LICENSE[] SEC("license") = "GPL";
