// type: xdp
// code: V010
// access: yes
// kernel: rejects-safe
// why: the sum is a disjoint or in the object, of which Linux knows the bits and not the largest value
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ROWS 5
#define COLUMNS 8

SEC("xdp")
int cell(struct xdp_md *ctx)
{
	unsigned char table[ROWS * COLUMNS] = {};
	unsigned int row = ctx->rx_queue_index, column = ctx->ingress_ifindex;

#ifdef UNSAFE
	if (row >= ROWS || column > COLUMNS)
#else
	if (row >= ROWS || column >= COLUMNS)
#endif
		return XDP_DROP;
	table[row * COLUMNS + column] = 1;
	return table[0];
}
