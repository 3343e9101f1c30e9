// type: xdp
// code: V034
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct header {
	__u8 bytes[14];
};

__weak int kind(struct header *header)
{
	if (!header)
		return 0;
	return header->bytes[12];
}

#ifdef UNSAFE
#define CHECKED 13
#else
#define CHECKED 14
#endif

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;

	if (data + CHECKED > data_end)
		return XDP_DROP;
	return kind(data) == 8 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
