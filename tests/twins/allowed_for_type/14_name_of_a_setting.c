// type: cgroup_device
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/dev")
int opens(struct bpf_cgroup_dev_ctx *ctx)
{
#ifdef UNSAFE
	char name[16];

	return bpf_sysctl_get_name((void *)ctx, name, sizeof(name), 0) > 0;
#else
	return bpf_ktime_get_ns() > 0;
#endif
}

char LICENSE[] SEC("license") = "GPL";
