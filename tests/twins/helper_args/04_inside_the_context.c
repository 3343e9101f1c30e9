// type: sched_cls
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define OFFSET 8
#else
#define OFFSET 0
#endif

SEC("tc")
int pulls(struct __sk_buff *ctx)
{
	return bpf_skb_pull_data((void *)ctx + OFFSET, 0);
}

char LICENSE[] SEC("license") = "GPL";
