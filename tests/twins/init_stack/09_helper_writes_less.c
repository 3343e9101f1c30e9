// type: kprobe
// code: V002
// level: warning
// kernel: accepts-unsafe
// why: root may read stack bytes that were not written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("kprobe/do_exit")
int exits(void *ctx)
{
	char name[32];

	bpf_get_current_comm(name, 16);
#ifdef UNSAFE
	bpf_ringbuf_output(&events, name, sizeof(name), 0);
#else
	bpf_ringbuf_output(&events, name, 16, 0);
#endif
	return 0;
}
