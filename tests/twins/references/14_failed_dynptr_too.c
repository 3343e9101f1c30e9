// type: sched_cls
// code: V040
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

	if (bpf_ringbuf_reserve_dynptr(&events, 64, 0, &event)) {
#ifndef UNSAFE
		/* Nothing was reserved, and it wants to be discarded all the same. */
		bpf_ringbuf_discard_dynptr(&event, 0);
#endif
		return 0;
	}
	bpf_ringbuf_submit_dynptr(&event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
