// type: cgroup_skb
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb)
{
	volatile __u8 *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;

	if ((void *)data + 20 > data_end)
		return 1;
#ifdef UNSAFE
	data[8] = 64;
	return 1;
#else
	return data[8] == 64;
#endif
}
