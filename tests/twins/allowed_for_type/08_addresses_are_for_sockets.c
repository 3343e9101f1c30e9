// type: sched_cls
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int classifies(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	return ctx->remote_ip4 == 1;
#else
	return ctx->hash == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
