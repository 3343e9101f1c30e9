// type: sched_cls
// code: V041
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int window(struct __sk_buff *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);
	struct bpf_tcp_sock *tp;
	__u32 window = 0;

	if (!sk)
		return 0;
	/* What bpf_tcp_sock gives lives as long as the socket that it was given. */
	tp = bpf_tcp_sock(sk);
#ifdef UNSAFE
	bpf_sk_release(sk);
	if (tp)
		window = tp->snd_cwnd;
#else
	if (tp)
		window = tp->snd_cwnd;
	bpf_sk_release(sk);
#endif
	return window > 10;
}

char LICENSE[] SEC("license") = "GPL";
