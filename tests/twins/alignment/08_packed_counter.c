// type: xdp
// code: V017
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define PACKED __attribute__((packed))
#else
#define PACKED
#endif

struct {
	__u16 queue;
	__u32 count PACKED;
} counter;

SEC("xdp")
int count(struct xdp_md *ctx)
{
	unsigned long at = (unsigned long)&counter.count;

	__sync_fetch_and_add((__u32 *)at, 1);
	return XDP_PASS;
}
