// type: cgroup_skb
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern void bpf_throw(__u64 cookie) __ksym;

SEC("cgroup_skb/ingress")
int throws(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	bpf_throw(2);
#else
	bpf_throw(1);
#endif
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
