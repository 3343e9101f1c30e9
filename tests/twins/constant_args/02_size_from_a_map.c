// type: xdp
// code: V037
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

#ifdef UNSAFE
volatile __u32 event_bytes = 64;
#else
const volatile __u32 event_bytes = 64;
#endif

SEC("xdp")
int reserves(struct xdp_md *ctx)
{
	__u8 *event = bpf_ringbuf_reserve(&events, event_bytes, 0);

	if (event)
		bpf_ringbuf_discard(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
