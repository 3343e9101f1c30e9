// type: cgroup_sockopt
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
SEC("cgroup/setsockopt")
#else
SEC("cgroup/getsockopt")
#endif
int options(struct bpf_sockopt *ctx)
{
	return ctx->retval == 0;
}

char LICENSE[] SEC("license") = "GPL";
