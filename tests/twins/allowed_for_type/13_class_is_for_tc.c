// type: cgroup_skb
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup_skb/egress")
int leaves(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	return ctx->tc_classid == 1;
#else
	return ctx->tc_index == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
