// type: cgroup_skb
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup_skb/ingress")
int enters(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	return 2;
#else
	return 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
