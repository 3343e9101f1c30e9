// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct extension {
	unsigned char next;
	unsigned char length;
};

SEC("xdp")
int skips_in_a_loop(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct extension *at = (void *)(long)ctx->data;

#pragma clang loop unroll(disable)
	for (int i = 0; i < 6; i++) {
#ifdef UNSAFE
		if ((void *)at >= end)
#else
		if ((void *)(at + 1) > end)
#endif
			return XDP_DROP;
		switch (at->next) {
		case 0:
		case 43:
			at = (void *)at + (at->length + 1) * 8;
			break;
		case 51:
			at = (void *)at + (at->length + 2) * 4;
			break;
		default:
			return XDP_PASS;
		}
	}
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
