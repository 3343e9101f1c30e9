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
int slice(struct xdp_md *ctx)
{
	struct bpf_dynptr record;
	__u32 *words;

	if (bpf_ringbuf_reserve_dynptr(&events, 16, 0, &record))
		goto out;
	words = bpf_dynptr_data(&record, 0, 16);
	if (words) {
#ifdef UNSAFE
		words[4] = ctx->rx_queue_index;
#else
		words[3] = ctx->rx_queue_index;
#endif
	}
out:
	bpf_ringbuf_submit_dynptr(&record, 0);
	return XDP_PASS;
}
