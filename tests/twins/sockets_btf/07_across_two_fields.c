// type: sched_cls
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int source(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
#ifdef UNSAFE
	return *(__u64 *)((void *)sk + 24) == 1;
#else
	return *(__u32 *)((void *)sk + 24) == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
