// type: xdp
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct addresses {
	__u8 bytes[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct addresses);
} last SEC(".maps");

#ifdef UNSAFE
#define CHECKED 14
#else
#define CHECKED 16
#endif

SEC("xdp")
int keeps_the_start(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 key = 0;

	if (data + CHECKED > data_end)
		return XDP_DROP;
	bpf_map_update_elem(&last, &key, data, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
