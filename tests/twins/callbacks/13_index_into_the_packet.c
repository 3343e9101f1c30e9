// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct packet {
	unsigned char *start;
	unsigned char *end;
	__u64 sum;
};

static int step(__u32 index, struct packet *packet)
{
	unsigned char *at = packet->start + (index & 1023);

#ifdef UNSAFE
	if (at > packet->end)
#else
	if (at + 1 > packet->end)
#endif
		return 1;
	packet->sum += *at;
	return 0;
}

SEC("xdp")
int sums(struct xdp_md *ctx)
{
	struct packet packet = {(void *)(long)ctx->data, (void *)(long)ctx->data_end, 0};

	bpf_loop(64, step, &packet, 0);
	return packet.sum > 99 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
