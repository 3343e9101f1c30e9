// type: sched_cls
// code: V019
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int pull(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	__u8 *data_end = (void *)(long)skb->data_end;

	if (data + 34 > data_end) {
		if (bpf_skb_pull_data(skb, 34))
			return TC_ACT_SHOT;
#ifndef UNSAFE
		data = (void *)(long)skb->data;
#endif
		data_end = (void *)(long)skb->data_end;
		if (data + 34 > data_end)
			return TC_ACT_SHOT;
	}
	return data[23] == 17 ? TC_ACT_SHOT : TC_ACT_OK;
}
