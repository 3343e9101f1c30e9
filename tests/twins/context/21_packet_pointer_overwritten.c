// type: sched_cls
// code: V016
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int shorten(struct __sk_buff *skb)
{
	unsigned int end = skb->data_end;

#ifdef UNSAFE
	skb->data_end = skb->len - 4;
#else
	skb->cb[0] = skb->len - 4;
#endif
	return end ? TC_ACT_OK : TC_ACT_SHOT;
}
