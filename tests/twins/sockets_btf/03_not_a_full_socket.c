// type: sched_cls
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int protocol_of_sender(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
#ifndef UNSAFE
	if (!sk)
		return 0;
#endif
	return sk->protocol == 6;
}

char LICENSE[] SEC("license") = "GPL";
