// type: sock_ops
// code: V016
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sockops")
int answer(struct bpf_sock_ops *ctx)
{
	if (ctx->op != 3)
		return 1;
#ifdef UNSAFE
	ctx->snd_cwnd = 40;
#else
	ctx->reply = 40;
#endif
	return 1;
}
