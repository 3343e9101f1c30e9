// type: sched_cls
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int namespace(struct __sk_buff *ctx)
{
	__u64 word = 0;

#ifdef UNSAFE
	return bpf_get_netns_cookie(&word) == 1;
#else
	return bpf_get_netns_cookie((void *)word) == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
