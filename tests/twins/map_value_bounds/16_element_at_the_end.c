// type: tracepoint
// code: V013
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char line[128];

SEC("tracepoint/syscalls/sys_enter_openat")
int terminate(void *ctx)
{
	__u32 length = bpf_get_prandom_u32();

#ifdef UNSAFE
	if (length > sizeof(line))
		length = sizeof(line);
#else
	if (length > sizeof(line) - 1)
		length = sizeof(line) - 1;
#endif
	line[length] = 0;
	return 0;
}
