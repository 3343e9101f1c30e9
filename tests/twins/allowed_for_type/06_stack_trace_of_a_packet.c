// type: xdp
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int reads(struct xdp_md *ctx)
{
	__u64 word = 0;

#ifdef UNSAFE
	bpf_get_stack(ctx, &word, sizeof(word), 0);
#else
	bpf_probe_read_kernel(&word, sizeof(word), ctx);
#endif
	return word ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
