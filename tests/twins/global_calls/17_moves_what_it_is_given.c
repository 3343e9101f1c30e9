// type: sched_cls
// code: V019
// kernel: accepts-unsafe
// why: Linux looks at the packet pointers of the caller only
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct header {
	__u8 bytes[14];
};

__attribute__((noinline)) int strip(struct __sk_buff *skb, struct header *header)
{
	int kept = skb->mark;

	if (!header)
		return 0;
#ifdef UNSAFE
	if (bpf_skb_pull_data(skb, 100))
		return 0;
#endif
	kept += header->bytes[3];
	return kept;
}

SEC("tc")
int first(struct __sk_buff *skb)
{
	unsigned char *data = (void *)(long)skb->data;
	unsigned char *end = (void *)(long)skb->data_end;

	if (data + 14 > end)
		return TC_ACT_SHOT;
	return strip(skb, (struct header *)data) ? TC_ACT_OK : TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
