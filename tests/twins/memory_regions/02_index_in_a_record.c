// type: xdp
// code: V014
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int indexed(struct xdp_md *ctx)
{
	__u8 *record = bpf_ringbuf_reserve(&events, 40, 0);
	__u32 at = ctx->rx_queue_index;

	if (!record)
		return XDP_DROP;
#ifdef UNSAFE
	if (at <= 40)
#else
	if (at < 40)
#endif
		record[at] = 1;
	bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}
