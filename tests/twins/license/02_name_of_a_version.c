// type: tracepoint
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), ctx);
	return word == 1;
}

#ifdef UNSAFE
char LICENSE[] SEC("license") = "GPLv2";
#else
char LICENSE[] SEC("license") = "GPL v2";
#endif
