// type: sched_cls
// code: V022
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int stores(struct __sk_buff *ctx)
{
	__u32 mark = ctx->mark;

#ifdef UNSAFE
	return bpf_skb_store_bytes(ctx, 0, (void *)(long)mark, sizeof(mark), 0);
#else
	return bpf_skb_store_bytes(ctx, 0, &mark, sizeof(mark), 0);
#endif
}

char LICENSE[] SEC("license") = "GPL";
