// type: sched_cls
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int state_or_mark(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
	/* A time-wait or request socket has a state and no mark. */
#ifdef UNSAFE
	return sk->mark == 1;
#else
	return sk->state == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
