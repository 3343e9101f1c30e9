// type: sched_cls
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int congestion_window(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct bpf_tcp_sock *tp;

	if (!sk)
		return 0;
	tp = bpf_tcp_sock(sk);
#ifndef UNSAFE
	if (!tp)
		return 0;
#endif
	return tp->snd_cwnd > 10;
}

char LICENSE[] SEC("license") = "GPL";
