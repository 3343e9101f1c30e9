// type: xdp
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const
#endif
volatile __u64 limits[4] = {1, 2, 3, 4};

SEC("xdp")
int writes(struct xdp_md *ctx)
{
	struct bpf_dynptr memory;
	__u64 *first;

	bpf_dynptr_from_mem((void *)limits, sizeof(limits), 0, &memory);
	first = bpf_dynptr_data(&memory, 0, sizeof(*first));
	if (first)
		*first = 77;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
