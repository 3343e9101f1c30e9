// type: cgroup_device
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/dev")
int opens(struct bpf_cgroup_dev_ctx *ctx)
{
#ifdef UNSAFE
	return ctx->major;
#else
	return ctx->major != 0;
#endif
}

char LICENSE[] SEC("license") = "GPL";
