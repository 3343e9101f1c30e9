// type: xdp
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct limits {
	__u32 low;
	__u32 high;
};

#ifdef UNSAFE
const volatile struct limits limits = {1, 7};
#else
volatile struct limits limits = {1, 7};
#endif

__weak int widen(struct limits *limits)
{
	if (!limits)
		return 0;
	return limits->high++;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	return widen((struct limits *)&limits) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
