// type: sched_cls
// code: V019
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

static __noinline int tag(struct __sk_buff *skb)
{
	if (skb->vlan_present)
		return 1;
#ifdef UNSAFE
	return bpf_skb_vlan_push(skb, 0x81, 5);
#else
	return bpf_skb_cgroup_id(skb) == 5;
#endif
}

SEC("tc")
int tags(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	__u8 *data_end = (void *)(long)skb->data_end;

	if (data + 14 > data_end || tag(skb))
		return TC_ACT_OK;
	return data[12] == 8 ? TC_ACT_OK : TC_ACT_SHOT;
}
