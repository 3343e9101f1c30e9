// type: cgroup_sockopt
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/getsockopt")
int options(struct bpf_sockopt *ctx)
{
	__u64 uid = bpf_get_current_uid_gid();

#ifdef UNSAFE
	return (__u32)uid;
#else
	return (__u32)uid == 0;
#endif
}

char LICENSE[] SEC("license") = "GPL";
