// type: sched_cls
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int shortens(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	return bpf_xdp_adjust_tail((void *)ctx, -4);
#else
	return bpf_skb_change_tail(ctx, ctx->len - 4, 0);
#endif
}

char LICENSE[] SEC("license") = "GPL";
