// type: socket_filter
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int looks(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	return ctx->data ? -1 : 0;
#else
	return ctx->len ? -1 : 0;
#endif
}

char LICENSE[] SEC("license") = "GPL";
