// type: xdp
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("xdp")
int submits(struct xdp_md *ctx)
{
	__u32 key = 0;
#ifdef UNSAFE
	__u64 *event = bpf_map_lookup_elem(&counts, &key);
#else
	__u64 *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
#endif

	if (!event)
		return XDP_PASS;
	*event = key;
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
