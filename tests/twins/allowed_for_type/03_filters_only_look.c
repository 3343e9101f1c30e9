// type: socket_filter
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int looks(struct __sk_buff *ctx)
{
	__u8 first = 0;

#ifdef UNSAFE
	bpf_skb_store_bytes(ctx, 0, &first, sizeof(first), 0);
#else
	bpf_skb_load_bytes(ctx, 0, &first, sizeof(first));
#endif
	return first ? -1 : 0;
}

char LICENSE[] SEC("license") = "GPL";
