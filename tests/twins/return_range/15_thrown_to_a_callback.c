// type: cgroup_skb
// code: V075
// kernel: safe
// why: Linux has exception callbacks, and wants the function to be one that is not called
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern void bpf_throw(__u64 cookie) __ksym;

__noinline int handler_cb(__u64 cookie)
{
	return 77;
}

#ifdef UNSAFE
__attribute__((btf_decl_tag("exception_callback:handler_cb")))
#endif
SEC("cgroup_skb/ingress")
int throws(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	bpf_throw(0);
#else
	bpf_throw(1);
#endif
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
