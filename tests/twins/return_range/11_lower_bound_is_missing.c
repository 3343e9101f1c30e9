// type: cgroup_sysctl
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/sysctl")
int reads(struct bpf_sysctl *ctx)
{
	int position = ctx->file_pos;

#ifdef UNSAFE
	if (position > 1)
#else
	if (position > 1 || position < 0)
#endif
		return 0;
	return position;
}

char LICENSE[] SEC("license") = "GPL";
