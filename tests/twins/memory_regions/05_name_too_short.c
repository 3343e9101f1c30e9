// type: kprobe
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe/do_exit")
int name(void *ctx)
{
#ifdef UNSAFE
	char comm[8];
#else
	char comm[16];
#endif

	if (bpf_get_current_comm(comm, 16))
		return 0;
	return comm[0] == 'i';
}
