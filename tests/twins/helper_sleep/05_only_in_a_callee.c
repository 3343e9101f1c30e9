// type: kprobe
// code: V038
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int word_at(__u64 address)
{
	__u64 word = 0;

#ifdef UNSAFE
	bpf_copy_from_user(&word, sizeof(word), (void *)address);
#else
	bpf_probe_read_user(&word, sizeof(word), (void *)address);
#endif
	return word;
}

SEC("uprobe//bin/sh:main")
int on_main(void *ctx)
{
	return word_at(bpf_ktime_get_ns()) == 1;
}

char LICENSE[] SEC("license") = "GPL";
