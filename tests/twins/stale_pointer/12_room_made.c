// type: sched_cls
// code: V019
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int encapsulate(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	__u8 *data_end = (void *)(long)skb->data_end;
	__u8 *at;

	if (data + 54 > data_end)
		return TC_ACT_OK;
	at = data + 14;
	if (bpf_skb_adjust_room(skb, 20, BPF_ADJ_ROOM_MAC, 0))
		return TC_ACT_SHOT;
#ifndef UNSAFE
	at = (__u8 *)(long)skb->data + 14;
	if (at + 20 > (__u8 *)(long)skb->data_end)
		return TC_ACT_SHOT;
#endif
	at[0] = 0x45;
	return TC_ACT_OK;
}
