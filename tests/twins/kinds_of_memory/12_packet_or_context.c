// type: sched_cls
// code: V025
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int first_word(struct __sk_buff *skb)
{
	__u32 *data = (void *)(long)skb->data;
	__u32 *data_end = (void *)(long)skb->data_end;
	volatile __u32 here = 5;
	volatile __u32 *from = data;

	if (data + 1 > data_end)
#ifdef UNSAFE
		from = &skb->len;
#else
		from = &here;
#endif
	barrier_var(from);
	return *from & 1 ? TC_ACT_OK : TC_ACT_SHOT;
}
