// type: cgroup_sock_addr
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/connect4")
int connects(struct bpf_sock_addr *ctx)
{
#ifdef UNSAFE
	return ctx->user_ip6[3] == 1;
#else
	return ctx->user_ip4 == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
