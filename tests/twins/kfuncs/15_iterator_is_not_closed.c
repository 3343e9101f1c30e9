// type: xdp
// code: V040
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	struct bpf_iter_num it;
	__u64 sum = 0;
	int *number;

	bpf_iter_num_new(&it, 0, 16);
	while ((number = bpf_iter_num_next(&it))) {
		sum += *number;
#ifdef UNSAFE
		if (sum > 99)
			return XDP_DROP;
#endif
	}
	bpf_iter_num_destroy(&it);
	return sum > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
