// type: raw_tracepoint
// code: V041
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} messages SEC(".maps");

struct kept {
	struct bpf_dynptr *message;
	__u64 first;
};

static long each(struct bpf_dynptr *message, struct kept *kept)
{
	kept->message = message;
	bpf_dynptr_read(&kept->first, 8, message, 0, 0);
	return 1;
}

SEC("raw_tp/sys_enter")
int drains(void *ctx)
{
	struct kept kept = {};

	bpf_user_ringbuf_drain(&messages, each, &kept, 0);
	if (!kept.message)
		return 0;
#ifdef UNSAFE
	bpf_dynptr_read(&kept.first, 8, kept.message, 0, 0);
#endif
	return kept.first == 7;
}

char LICENSE[] SEC("license") = "GPL";
