// type: xdp
// code: V014
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int capture(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *data_end = (void *)(long)ctx->data_end;
	__u8 *record = bpf_ringbuf_reserve(&events, 64, 0);

	if (!record)
		return XDP_DROP;
#ifdef UNSAFE
	for (int i = 0; i < 65; i++) {
#else
	for (int i = 0; i < 64; i++) {
#endif
		if (data + i + 1 > data_end)
			break;
		record[i] = data[i];
	}
	bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}
