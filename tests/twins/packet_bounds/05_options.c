// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define OPTIONS 54

SEC("xdp")
int walk_options(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	unsigned char *pos = data + OPTIONS;

	for (int i = 0; i < 10; i++) {
		unsigned char size;

#ifdef UNSAFE
		if (pos + 1 > data_end)
#else
		if (pos + 2 > data_end)
#endif
			return XDP_DROP;
		if (pos[0] == 0)
			return XDP_PASS;
		size = pos[1];
		if (size < 2 || size > 40)
			return XDP_DROP;
		pos += size;
	}
	return XDP_DROP;
}
