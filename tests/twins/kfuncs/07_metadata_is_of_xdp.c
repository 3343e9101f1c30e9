// type: sched_cls
// code: V067
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("tc")
int when(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	__u64 time = 0;

	return bpf_xdp_metadata_rx_timestamp((void *)ctx, &time);
#else
	struct bpf_dynptr packet;

	return bpf_dynptr_from_skb(ctx, 0, &packet);
#endif
}

char LICENSE[] SEC("license") = "GPL";
