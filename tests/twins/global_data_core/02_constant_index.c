// type: xdp
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const volatile __u32 chosen = 8;
#else
const volatile __u32 chosen = 7;
#endif
volatile __u32 numbers[8];

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	return numbers[chosen] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
