// type: sched_cls
// code: V037
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
int reports(struct __sk_buff *ctx)
{
	struct bpf_dynptr event;
	__u32 *words;
#ifdef UNSAFE
	__u64 bytes = (ctx->mark & 7) + 4;
#else
	__u64 bytes = 8;
#endif

	if (bpf_ringbuf_reserve_dynptr(&events, 64, 0, &event) == 0) {
		words = bpf_dynptr_data(&event, 0, bytes);
		if (words)
			words[0] = 1;
	}
	bpf_ringbuf_submit_dynptr(&event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
