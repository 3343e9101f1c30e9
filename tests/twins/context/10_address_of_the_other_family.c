// type: cgroup_sock_addr
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/connect4")
int connect(struct bpf_sock_addr *ctx)
{
#ifdef UNSAFE
	return ctx->user_ip6[0] != 0;
#else
	return ctx->user_ip4 != 0;
#endif
}
