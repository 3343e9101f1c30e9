// type: tracepoint
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
#ifdef UNSAFE
	return bpf_get_current_task() == 1;
#else
	return bpf_get_current_pid_tgid() == 1;
#endif
}

char LICENSE[] SEC("license") = "MIT";
