// type: sched_cls
// code: V016
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int set(struct __sk_buff *skb)
{
#ifdef UNSAFE
	skb->len = 60;
#else
	skb->mark = 60;
#endif
	return TC_ACT_OK;
}
