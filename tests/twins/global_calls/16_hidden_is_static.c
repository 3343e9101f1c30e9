// type: xdp
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define SCOPE
#else
#define SCOPE __hidden
#endif

SCOPE __attribute__((noinline)) int fills(long *result, long what)
{
	*result = what;
	return 0;
}

SEC("xdp")
int calls_hidden(struct xdp_md *ctx)
{
	long result = 0;

	fills(&result, ctx->rx_queue_index);
	return result & 3;
}

char LICENSE[] SEC("license") = "GPL";
