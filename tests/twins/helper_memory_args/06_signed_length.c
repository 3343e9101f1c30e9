// type: tracepoint
// code: V035
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__s64 wanted;

SEC("tracepoint/syscalls/sys_enter_execve")
int copies_a_name(void *ctx)
{
	char name[32] = {};
	__s64 bytes = wanted;

#ifdef UNSAFE
	if (bytes > 32)
#else
	if (bytes > 32 || bytes < 0)
#endif
		return 0;
	bpf_probe_read_kernel(name, bytes, (void *)8);
	return name[0] == 'a';
}

char LICENSE[] SEC("license") = "GPL";
