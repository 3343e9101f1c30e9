// type: sched_cls
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int set_mark(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
#ifdef UNSAFE
	sk->mark = 7;
#else
	ctx->mark = sk->mark;
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
