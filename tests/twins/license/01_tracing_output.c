// type: xdp
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int prints(struct xdp_md *ctx)
{
	char text[8] = "packet\n";

	bpf_trace_printk(text, sizeof(text));
	return XDP_PASS;
}

#ifdef UNSAFE
char LICENSE[] SEC("license") = "MIT";
#else
char LICENSE[] SEC("license") = "Dual MIT/GPL";
#endif
