// type: cgroup_sock_addr
// code: V016
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/connect6")
int redirect(struct bpf_sock_addr *ctx)
{
#ifdef UNSAFE
	ctx->user_family = 10;
#else
	ctx->user_port = bpf_htons(8080);
#endif
	return 1;
}
