// type: xdp
// code: V010
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct state {
	__u32 index;
	__u32 rounds;
};

__weak int advance(struct state *state)
{
	if (!state)
		return 0;
	state->index++;
	state->rounds++;
	return 0;
}

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	volatile __u8 bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct state state = {3, 0};

	advance(&state);
#ifndef UNSAFE
	if (state.index >= 8)
		return XDP_DROP;
#endif
	return bytes[state.index] > 4 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
