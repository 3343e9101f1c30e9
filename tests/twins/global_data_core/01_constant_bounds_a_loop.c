// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const volatile __u32 count = 9;
#else
const volatile __u32 count = 8;
#endif
volatile __u32 numbers[8];

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < count; i++)
		sum += numbers[i];
	return sum > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
