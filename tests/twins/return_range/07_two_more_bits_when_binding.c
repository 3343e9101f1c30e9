// type: cgroup_sock_addr
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
SEC("cgroup/connect4")
#else
SEC("cgroup/bind4")
#endif
int binds(struct bpf_sock_addr *ctx)
{
	return ctx->user_port == 0 ? 3 : 1;
}

char LICENSE[] SEC("license") = "GPL";
