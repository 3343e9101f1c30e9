// type: lwt_in
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("lwt_in")
int incoming(struct __sk_buff *skb)
{
	volatile __u8 *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;

	if ((void *)data + 20 > data_end)
		return BPF_DROP;
#ifdef UNSAFE
	data[1] = 0;
#else
	if (data[1])
		return BPF_DROP;
#endif
	return BPF_OK;
}
