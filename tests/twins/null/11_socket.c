// type: sched_cls
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int mark(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

#ifndef UNSAFE
	if (!sk)
		return TC_ACT_OK;
#endif
	return sk->family == 10 ? TC_ACT_SHOT : TC_ACT_OK;
}
