// type: tracepoint
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
#ifdef UNSAFE
	return bpf_redirect(1, 0);
#else
	return bpf_get_smp_processor_id() == 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
