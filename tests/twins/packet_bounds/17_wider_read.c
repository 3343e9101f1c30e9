// type: sched_cls
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int address(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;

	if (data + 32 > data_end)
		return TC_ACT_SHOT;
#ifdef UNSAFE
	return *(__u32 *)(data + 30) & 1;
#else
	return *(__u16 *)(data + 30) & 1;
#endif
}
