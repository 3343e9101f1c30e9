// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int last_byte(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct udphdr *udp = data + 34;
	unsigned char *last;
	__u16 length;

	if ((void *)(udp + 1) > data_end)
		return XDP_DROP;
	length = bpf_ntohs(udp->len);
	if (length > 1024)
		return XDP_DROP;
	last = (unsigned char *)udp + length;
#ifdef UNSAFE
	if ((unsigned char *)udp + (udp->len & 1023) + 1 > (unsigned char *)data_end)
#else
	if (last + 1 > (unsigned char *)data_end)
#endif
		return XDP_DROP;
	return *last;
}
