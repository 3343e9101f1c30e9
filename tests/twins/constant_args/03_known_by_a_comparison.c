// type: xdp
// code: V037
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

__u64 wanted;

SEC("xdp")
int reserves(struct xdp_md *ctx)
{
	__u64 bytes = wanted;
	__u8 *event;

	barrier_var(bytes);
#ifdef UNSAFE
	if (bytes > 64)
#else
	if (bytes != 64)
#endif
		return XDP_PASS;
	barrier_var(bytes);
	event = bpf_ringbuf_reserve(&events, bytes, 0);
	if (event)
		bpf_ringbuf_discard(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
