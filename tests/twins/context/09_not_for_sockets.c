// type: socket_filter
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int filter(struct __sk_buff *skb)
{
#ifdef UNSAFE
	return skb->tc_classid == 7 ? 0 : -1;
#else
	return skb->mark == 7 ? 0 : -1;
#endif
}
