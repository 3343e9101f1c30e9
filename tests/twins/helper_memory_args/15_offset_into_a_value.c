// type: tracepoint
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct log {
	__u32 next;
	char text[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct log);
} logs SEC(".maps");

#ifdef UNSAFE
#define LAST 63
#else
#define LAST 48
#endif

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	__u32 key = 0, at;
	struct log *log = bpf_map_lookup_elem(&logs, &key);

	if (!log)
		return 0;
	at = log->next;
	if (at > LAST)
		return 0;
	bpf_get_current_comm(log->text + at, 16);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
