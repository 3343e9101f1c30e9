// type: xdp
// code: V020
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int first(struct xdp_md *ctx)
{
	struct bpf_iter_num it;
	int *number, found = 0;

	bpf_iter_num_new(&it, 0, ctx->rx_queue_index);
	number = bpf_iter_num_next(&it);
#ifndef UNSAFE
	if (number)
#endif
		found = *number;
	bpf_iter_num_destroy(&it);
	return found ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
