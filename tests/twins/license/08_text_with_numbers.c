// type: xdp
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int prints(struct xdp_md *ctx)
{
	static const char format[] = "queue %u";
	char text[32];
	__u64 values[1] = {ctx->rx_queue_index};

#ifdef UNSAFE
	bpf_snprintf(text, sizeof(text), format, values, sizeof(values));
#else
	bpf_strncmp((void *)values, sizeof(values), format);
	text[0] = 0;
	barrier_var(values[0]);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "BSD-2-Clause";
