// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 16);
	__uint(key_size, 0);
	__uint(value_size, 16);
} waiting SEC(".maps");

#ifdef UNSAFE
#define WORDS 1
#else
#define WORDS 2
#endif

SEC("xdp")
int pushes(struct xdp_md *ctx)
{
	__u64 element[WORDS] = {};

	element[0] = ctx->ingress_ifindex;
	bpf_map_push_elem(&waiting, element, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
