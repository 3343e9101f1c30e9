// type: cgroup_skb
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define BITS 7
#else
#define BITS 3
#endif

SEC("cgroup_skb/egress")
int leaves(struct __sk_buff *ctx)
{
	return ctx->len & BITS;
}

char LICENSE[] SEC("license") = "GPL";
