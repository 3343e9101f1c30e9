// type: kprobe
// code: V024
// level: warning
// kernel: accepts-unsafe
// why: root may let addresses out
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const char format[] = "here: %lx";

SEC("kprobe/do_exit")
int print(unsigned long *ctx)
{
#ifdef UNSAFE
	bpf_trace_printk(format, sizeof(format), ctx);
#else
	bpf_trace_printk(format, sizeof(format), *ctx);
#endif
	return 0;
}

char _license[] SEC("license") = "GPL";
