// type: cgroup_sock
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/sock_create")
int creates(struct bpf_sock *ctx)
{
	if (ctx->family != 2)
#ifdef UNSAFE
		return -1;
#else
		return 0;
#endif
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
