// type: sock_ops
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} verdicts SEC(".maps");

SEC("sockops")
int on_event(struct bpf_sock_ops *ctx)
{
	__u32 key = 0, verdict;
	__u32 *found = bpf_map_lookup_elem(&verdicts, &key);

	if (!found)
		return 0;
	verdict = *found;
#ifndef UNSAFE
	if (verdict > 1)
		return 0;
#endif
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";
