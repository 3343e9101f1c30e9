// type: raw_tracepoint
// code: V041
// kernel: none
// why: Linux walks every round of the drain, which are too many for it
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} messages SEC(".maps");

struct kept {
	__u64 *data;
	__u64 first;
};

static long each(struct bpf_dynptr *message, struct kept *kept)
{
	__u64 *data = bpf_dynptr_data(message, 0, 8);

	if (!data)
		return 0;
	kept->data = data;
	kept->first = *data;
	return 1;
}

SEC("raw_tp/sys_enter")
int drains(void *ctx)
{
	struct kept kept = {};

	bpf_user_ringbuf_drain(&messages, each, &kept, 0);
	if (!kept.data)
		return 0;
#ifdef UNSAFE
	return *kept.data == 7;
#else
	return kept.first == 7;
#endif
}

char LICENSE[] SEC("license") = "GPL";
