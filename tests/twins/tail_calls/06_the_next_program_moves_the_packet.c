// type: xdp
// code: V019
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

/* It comes back when the next program has run, if there is one. */
static __noinline int jump(struct xdp_md *ctx, __u32 index)
{
	bpf_tail_call(ctx, &next, index);
	return XDP_PASS;
}

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;
	int first;

	if (data + 1 > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	jump(ctx, 1);
	first = data[0];
#else
	first = data[0];
	jump(ctx, 1);
#endif
	return first ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
