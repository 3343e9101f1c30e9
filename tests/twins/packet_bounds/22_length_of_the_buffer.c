// type: sched_cls
// code: V011
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int not_all_is_linear(struct __sk_buff *skb)
{
	unsigned char *data = (void *)(long)skb->data;
	unsigned char *data_end = (void *)(long)skb->data_end;

	if (skb->len < 34)
		return TC_ACT_SHOT;
#ifndef UNSAFE
	if (data + 34 > data_end)
		return TC_ACT_SHOT;
#endif
	return data[33] == 1 ? TC_ACT_OK : TC_ACT_SHOT;
}
