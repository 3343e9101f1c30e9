// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define BEYOND 1
#else
#define BEYOND 0
#endif

SEC("xdp")
int prints(struct xdp_md *ctx)
{
	static const char format[] = "a packet\n";

	bpf_trace_printk(format, sizeof(format) + BEYOND);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
