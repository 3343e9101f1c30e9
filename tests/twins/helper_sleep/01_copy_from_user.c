// type: kprobe
// code: V038
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
SEC("uprobe//bin/sh:main")
#else
SEC("uprobe.s//bin/sh:main")
#endif
int on_main(void *ctx)
{
	__u64 word = 0;

	bpf_copy_from_user(&word, sizeof(word), (void *)4096);
	return word == 1;
}

char LICENSE[] SEC("license") = "GPL";
