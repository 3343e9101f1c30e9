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

/* Where it returns to its caller, the next program may have run. */
#ifdef UNSAFE
static __noinline
#else
static __always_inline
#endif
int jump(struct xdp_md *ctx, __u32 index)
{
	bpf_tail_call(ctx, &next, index);
	return XDP_PASS;
}

SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

	if (data + 1 > data_end)
		return XDP_DROP;
	jump(ctx, 1);
	return data[0] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
