// type: sched_cls
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const volatile __u8 start[16] = {1};
#else
volatile __u8 start[16] = {1};
#endif

SEC("tc")
int copies_to_a_constant(struct __sk_buff *ctx)
{
	bpf_skb_load_bytes(ctx, 0, (void *)start, sizeof(start));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
