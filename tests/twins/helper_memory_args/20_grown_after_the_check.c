// type: tracepoint
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile char name[64] = "a name of more than thirty-two letters";

struct text {
	char bytes[80];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct text);
} texts SEC(".maps");

#ifdef UNSAFE
#define SECOND 49
#else
#define SECOND 48
#endif

SEC("tracepoint/sched/sched_process_exec")
int two_parts(void *ctx)
{
	__u32 key = 0;
	struct text *text = bpf_map_lookup_elem(&texts, &key);
	long first;

	if (!text)
		return 0;
	/* At most 32, or negative. */
	first = bpf_probe_read_kernel_str(text->bytes, 32, (void *)name);
	if (first < 0)
		return 0;
	bpf_probe_read_kernel(text->bytes + first, SECOND, (void *)name);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
