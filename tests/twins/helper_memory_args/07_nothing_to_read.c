// type: sched_cls
// code: V035
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int copies_the_start(struct __sk_buff *ctx)
{
	__u8 start[64] = {};
	__u32 bytes = ctx->mark & 63;

#ifndef UNSAFE
	/* Zero is no size for this function. */
	if (bytes == 0)
		return 0;
	barrier_var(bytes);
	bytes &= 63;
	if (bytes == 0)
		return 0;
#endif
	if (bpf_skb_load_bytes(ctx, 0, start, bytes) < 0)
		return 0;
	return start[3];
}

char LICENSE[] SEC("license") = "GPL";
