// type: kprobe
// code: V038
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int step(__u32 index, __u64 *sum)
{
	__u64 word = 0;

	bpf_copy_from_user(&word, sizeof(word), (void *)(4096 + 8ULL * index));
	*sum += word;
	return 0;
}

#ifdef UNSAFE
SEC("uprobe//bin/sh:main")
#else
SEC("uprobe.s//bin/sh:main")
#endif
int on_main(void *ctx)
{
	__u64 sum = 0;

	bpf_loop(4, step, &sum, 0);
	return sum == 1;
}

char LICENSE[] SEC("license") = "GPL";
