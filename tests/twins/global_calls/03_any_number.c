// type: xdp
// code: V013
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 numbers[16];

__weak int number_at(__u32 index)
{
#ifndef UNSAFE
	if (index >= 16)
		return 0;
#endif
	return numbers[index];
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	/* That it is called with 3 only does not matter. */
	return number_at(3) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
