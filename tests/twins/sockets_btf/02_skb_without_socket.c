// type: sched_cls
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int family_of_sender(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

#ifndef UNSAFE
	if (!sk)
		return 0;
#endif
	return sk->family == 2;
}

char LICENSE[] SEC("license") = "GPL";
