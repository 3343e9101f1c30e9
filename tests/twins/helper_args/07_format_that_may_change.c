// type: xdp
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
char format[] = "queue %u";
#else
const char format[] = "queue %u";
#endif

SEC("xdp")
int prints(struct xdp_md *ctx)
{
	char text[32];
	__u64 values[1] = {ctx->rx_queue_index};

	return bpf_snprintf(text, sizeof(text), format, values, sizeof(values)) > 7 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
