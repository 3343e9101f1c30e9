// type: xdp
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int where(__u32 first)
{
	__u64 word = first;

#ifdef UNSAFE
	return bpf_probe_read((void *)&word, sizeof(word), (void *)8);
#else
	return bpf_probe_read_kernel((void *)&word, sizeof(word), (void *)8);
#endif
}

SEC("xdp")
int reads(struct xdp_md *ctx)
{
	return where(ctx->rx_queue_index) < 0 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
