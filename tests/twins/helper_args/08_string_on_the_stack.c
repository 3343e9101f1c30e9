// type: tracepoint
// code: V033
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_process_exec")
int is_shell(void *ctx)
{
	static const char wanted[] = "sh";
	char comm[16], copy[4] = "sh";

	if (bpf_get_current_comm(comm, sizeof(comm)) < 0)
		return 0;
#ifdef UNSAFE
	return bpf_strncmp(comm, sizeof(copy), copy) == 0;
#else
	return bpf_strncmp(comm, sizeof(copy), wanted) == 0;
#endif
}

char LICENSE[] SEC("license") = "GPL";
