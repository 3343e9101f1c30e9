// type: sched_cls
// code: V014
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define LAST 8
#else
#define LAST 7
#endif

SEC("tc")
int last_byte(struct __sk_buff *ctx)
{
	struct bpf_dynptr packet;
	__u8 buffer[8], *start;

	if (bpf_dynptr_from_skb(ctx, 0, &packet))
		return 0;
	start = bpf_dynptr_slice(&packet, 0, buffer, sizeof(buffer));
	if (!start)
		return 0;
	return start[LAST];
}

char LICENSE[] SEC("license") = "GPL";
