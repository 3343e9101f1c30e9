// type: sched_cls
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int tcp(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	struct bpf_sock copy = {}, *sk = &copy;
#else
	struct bpf_sock *sk = ctx->sk;
#endif

	if (!sk)
		return 0;
	return bpf_tcp_sock(sk) ? 1 : 0;
}

char LICENSE[] SEC("license") = "GPL";
