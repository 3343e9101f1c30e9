// type: xdp
// code: V042
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static __noinline int jump(struct xdp_md *ctx, __u32 index)
{
	__u32 *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_DROP;
	*event = index;
#ifdef UNSAFE
	bpf_tail_call(ctx, &next, index);
	bpf_ringbuf_discard(event, 0);
#else
	bpf_ringbuf_discard(event, 0);
	bpf_tail_call(ctx, &next, index);
#endif
	return XDP_PASS;
}

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	return jump(ctx, ctx->rx_queue_index);
}

char LICENSE[] SEC("license") = "GPL";
