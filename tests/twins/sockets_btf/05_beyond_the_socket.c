// type: sched_cls
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define LAST sizeof(struct bpf_sock)
#else
#define LAST (sizeof(struct bpf_sock) - 4)
#endif

SEC("tc")
int last_field(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	return *(__u32 *)((void *)sk + LAST) == 1;
}

char LICENSE[] SEC("license") = "GPL";
