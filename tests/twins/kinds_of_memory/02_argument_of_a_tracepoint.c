// type: raw_tracepoint
// code: V022
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("raw_tp/sched_switch")
int switched(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 *previous = (void *)(unsigned long)ctx->args[1];
	__u32 first;

#ifdef UNSAFE
	first = *previous;
#else
	if (bpf_probe_read_kernel(&first, sizeof(first), previous))
		return 0;
#endif
	return first == 1;
}

char _license[] SEC("license") = "GPL";
