// type: sched_cls
// code: V019
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int rewrite(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	__u8 *data_end = (void *)(long)skb->data_end;
	__u8 kept, ttl = 64;

	if (data + 34 > data_end)
		return TC_ACT_OK;
	kept = data[23];
	bpf_skb_store_bytes(skb, 22, &ttl, sizeof(ttl), 0);
#ifdef UNSAFE
	return *(volatile __u8 *)&data[23] == kept ? TC_ACT_OK : TC_ACT_SHOT;
#else
	return kept == 6 ? TC_ACT_OK : TC_ACT_SHOT;
#endif
}
