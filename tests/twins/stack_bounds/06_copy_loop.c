// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NAME 24

SEC("xdp")
int copy_name(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	unsigned char name[NAME] = {};

#ifdef UNSAFE
	for (unsigned int i = 0; i <= NAME; i++) {
#else
	for (unsigned int i = 0; i < NAME; i++) {
#endif
		if (data + i + 1 > data_end)
			break;
		*(volatile unsigned char *)&name[i] = data[i];
	}
	return name[ctx->rx_queue_index & 15] ? XDP_PASS : XDP_DROP;
}
