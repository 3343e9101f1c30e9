// type: sched_cls
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int load(struct __sk_buff *ctx, void *to, __u32 bytes)
{
	return bpf_skb_load_bytes(ctx, 0, to, bytes);
}

SEC("tc")
int looks(struct __sk_buff *ctx)
{
	__u8 small[8] = {}, large[32] = {};

	if (load(ctx, large, sizeof(large)) < 0)
		return 0;
#ifdef UNSAFE
	if (load(ctx, small, sizeof(large)) < 0)
#else
	if (load(ctx, small, sizeof(small)) < 0)
#endif
		return 0;
	return small[3] == large[3];
}

char LICENSE[] SEC("license") = "GPL";
