// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u8 scratch[64];
__u64 word = 1;

SEC("xdp")
int through_a_dynptr(struct xdp_md *ctx)
{
	struct bpf_dynptr memory;

	bpf_dynptr_from_mem(scratch, sizeof(scratch), 0, &memory);
#ifdef UNSAFE
	bpf_dynptr_read(&word, 2 * sizeof(word), &memory, 8, 0);
#else
	bpf_dynptr_read(&word, sizeof(word), &memory, 8, 0);
#endif
	return word ? XDP_PASS : XDP_DROP;
}
