// type: kprobe
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct path {
	char name[32];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct path);
} paths SEC(".maps");

SEC("kprobe/do_exit")
int fill(void *ctx)
{
	__u32 key = 3;
	struct path *found = bpf_map_lookup_elem(&paths, &key);

	if (!found)
		return 0;
#ifdef UNSAFE
	bpf_get_current_comm(found->name + 24, 16);
#else
	bpf_get_current_comm(found->name + 16, 16);
#endif
	return 0;
}
