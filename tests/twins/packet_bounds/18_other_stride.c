// type: xdp
// code: V011
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct entry {
	__u32 key;
	__u32 value;
};

SEC("xdp")
int last_entry(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 *index = data + 14;
	struct entry *entries = data + 16;

	if ((void *)entries > data_end)
		return XDP_DROP;
#ifdef UNSAFE
	if ((void *)entries + *index * sizeof(__u32) + sizeof(struct entry) > data_end)
#else
	if ((void *)entries + *index * sizeof(struct entry) + sizeof(struct entry) > data_end)
#endif
		return XDP_DROP;
	return entries[*index].value & 3;
}
