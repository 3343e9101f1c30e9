// type: tracepoint
// code: V032
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 8 * 16);
} traces SEC(".maps");

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	return bpf_get_stackid(ctx, &traces, 0) > 0;
}

#ifdef UNSAFE
char LICENSE[] SEC("license") = "Dual BSD/MIT";
#else
char LICENSE[] SEC("license") = "Dual BSD/GPL";
#endif
