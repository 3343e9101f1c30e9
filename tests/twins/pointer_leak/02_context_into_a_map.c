// type: kprobe
// code: V024
// level: warning
// kernel: accepts-unsafe
// why: root may let addresses out
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 last;

SEC("kprobe/do_exit")
int remember(unsigned long *ctx)
{
#ifdef UNSAFE
	last = (unsigned long)ctx;
#else
	last = *ctx;
#endif
	return 0;
}
