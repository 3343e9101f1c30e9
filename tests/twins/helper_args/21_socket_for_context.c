// type: sched_cls
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int cookie(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 0;
#ifdef UNSAFE
	return bpf_get_socket_cookie(sk) == 7;
#else
	return bpf_get_socket_cookie(skb) == 7;
#endif
}

char LICENSE[] SEC("license") = "GPL";
