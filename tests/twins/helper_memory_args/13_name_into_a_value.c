// type: tracepoint
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define BYTES 24
#else
#define BYTES 16
#endif

struct start {
	__u32 pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct start);
} starts SEC(".maps");

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	__u32 key = 0;
	struct start *start = bpf_map_lookup_elem(&starts, &key);

	if (start)
		bpf_get_current_comm(start->comm, BYTES);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
