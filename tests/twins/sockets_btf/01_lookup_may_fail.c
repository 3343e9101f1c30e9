// type: sched_cls
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int mark_of_peer(struct __sk_buff *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);

#ifdef UNSAFE
	ctx->mark = sk->mark;
#endif
	if (!sk)
		return 0;
#ifndef UNSAFE
	ctx->mark = sk->mark;
#endif
	bpf_sk_release(sk);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
