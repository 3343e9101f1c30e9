// type: kprobe
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct name {
	char text[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct name);
} names SEC(".maps");

SEC("kprobe/do_exit")
int length(void *ctx)
{
	__u32 key = 0, length = 0;
	struct name *found = bpf_map_lookup_elem(&names, &key);

	if (!found)
		return 0;
#ifdef UNSAFE
	while (found->text[length] && length < 17)
#else
	while (length < 16 && found->text[length])
#endif
		length++;
	return length;
}
