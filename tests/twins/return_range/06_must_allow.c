// type: cgroup_sock_addr
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/recvmsg4")
int receives(struct bpf_sock_addr *ctx)
{
#ifdef UNSAFE
	return ctx->user_port != 0;
#else
	return 1 | (ctx->user_port == 0);
#endif
}

char LICENSE[] SEC("license") = "GPL";
