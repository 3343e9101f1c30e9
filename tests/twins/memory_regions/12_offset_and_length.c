// type: kprobe
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PART 64

char line[256];

SEC("kprobe/do_exit")
int append(unsigned long *ctx)
{
	__u32 at = ctx[0], length = ctx[1];

	if (at > sizeof(line) - PART)
		return 0;
#ifdef UNSAFE
	length &= 2 * PART - 1;
#else
	length &= PART - 1;
#endif
	bpf_probe_read_kernel(line + at, length, (void *)ctx[2]);
	return 0;
}

char _license[] SEC("license") = "GPL";
