// type: sched_cls
// code: V041
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int only_looks(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	ctx->mark = sk->mark;
#ifdef UNSAFE
	bpf_sk_release(sk);
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
