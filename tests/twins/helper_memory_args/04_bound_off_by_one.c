// type: sched_cls
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define LIMIT 65
#else
#define LIMIT 64
#endif

SEC("tc")
int copies_the_start(struct __sk_buff *ctx)
{
	__u8 start[64] = {};
	__u32 bytes = ctx->len;

	if (bytes == 0 || bytes > LIMIT)
		return 0;
	if (bpf_skb_load_bytes(ctx, 0, start, bytes) < 0)
		return 0;
	return start[3];
}

char LICENSE[] SEC("license") = "GPL";
