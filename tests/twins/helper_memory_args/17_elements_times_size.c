// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define MOST 9
#else
#define MOST 8
#endif

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int sends_some(struct xdp_md *ctx)
{
	__u64 words[8] = {};
	__u32 count = ctx->rx_queue_index;

	if (count > MOST)
		return XDP_PASS;
	bpf_ringbuf_output(&events, words, count * sizeof(words[0]), 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
