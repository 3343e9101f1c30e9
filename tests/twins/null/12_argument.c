// type: kprobe
// code: V020
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct name {
	char text[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct name);
} names SEC(".maps");

SEC("kprobe/do_exit")
int name(void *ctx)
{
	__u32 key = bpf_get_current_pid_tgid() >> 32;
	struct name *found = bpf_map_lookup_elem(&names, &key);

#ifndef UNSAFE
	if (!found)
		return 0;
#endif
	bpf_get_current_comm(found->text, sizeof(found->text));
	return 0;
}
