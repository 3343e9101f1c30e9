// type: cgroup_sock
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
SEC("cgroup/sock_create")
#else
SEC("cgroup/post_bind4")
#endif
int binds(struct bpf_sock *ctx)
{
	return ctx->src_ip4 == 1;
}

char LICENSE[] SEC("license") = "GPL";
