// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct cursor {
	unsigned char *at;
	unsigned char *end;
};

static __noinline int next_byte(volatile struct cursor *cursor)
{
	unsigned char *at = cursor->at;

#ifdef UNSAFE
	if (at > cursor->end)
#else
	if (at + 1 > cursor->end)
#endif
		return -1;
	cursor->at = at + 1;
	return *at;
}

SEC("xdp")
int parses(struct xdp_md *ctx)
{
	volatile struct cursor cursor;

	cursor.at = (void *)(long)ctx->data;
	cursor.end = (void *)(long)ctx->data_end;
	if (next_byte(&cursor) != 1)
		return XDP_DROP;
	return next_byte(&cursor) == 2 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
