// type: syscall
// code: V038
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct entry {
	struct bpf_timer timer;
	__u64 word;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct entry);
} entries SEC(".maps");

/* Timers fire in an interrupt, whoever has started them. */
static int fires(void *map, __u32 *key, struct entry *entry)
{
#ifdef UNSAFE
	bpf_copy_from_user(&entry->word, sizeof(entry->word), (void *)4096);
#else
	bpf_probe_read_user(&entry->word, sizeof(entry->word), (void *)4096);
#endif
	return 0;
}

SEC("syscall")
int starts(void *ctx)
{
	__u32 key = 0;
	struct entry *entry = bpf_map_lookup_elem(&entries, &key);

	if (!entry)
		return 0;
	bpf_timer_init(&entry->timer, &entries, 1);
	bpf_timer_set_callback(&entry->timer, fires);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
