// type: sched_cls
// code: V019
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int translate(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	__u32 old, new = 0x0100000a;

	if ((void *)(ip + 1) > data_end)
		return TC_ACT_OK;
	old = ip->saddr;
#ifdef UNSAFE
	bpf_l3_csum_replace(skb, 24, old, new, 4);
	ip->saddr = new;
#else
	ip->saddr = new;
	bpf_l3_csum_replace(skb, 24, old, new, 4);
#endif
	return TC_ACT_OK;
}
