// type: sched_cls
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define LAST sizeof(struct bpf_tcp_sock)
#else
#define LAST (sizeof(struct bpf_tcp_sock) - 4)
#endif

SEC("tc")
int last_field(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct bpf_tcp_sock *tp;

	if (!sk)
		return 0;
	tp = bpf_tcp_sock(sk);
	if (!tp)
		return 0;
	return *(__u32 *)((void *)tp + LAST) > 10;
}

char LICENSE[] SEC("license") = "GPL";
