// type: sched_cls
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int copy(struct __sk_buff *skb)
{
	__u8 copied[64] = {};
	__u32 length = skb->mark;

	if (length == 0)
		return TC_ACT_OK;
#ifdef UNSAFE
	if (length > sizeof(copied) + 1)
#else
	if (length > sizeof(copied))
#endif
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, 0, copied, length))
		return TC_ACT_SHOT;
	return copied[0] ? TC_ACT_OK : TC_ACT_SHOT;
}
