// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

#ifdef UNSAFE
	if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(4, 4, 0))
#else
	if (LINUX_KERNEL_VERSION < KERNEL_VERSION(4, 4, 0))
#endif
		return data[0] ? XDP_PASS : XDP_DROP;
	if (data + 1 > data_end)
		return XDP_DROP;
	return data[0] ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
