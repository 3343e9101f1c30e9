// type: kprobe
// code: V015
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
const volatile char name[16] = "unknown";
#else
volatile char name[16] = "unknown";
#endif

SEC("kprobe/do_exit")
int exits(void *ctx)
{
	bpf_get_current_comm((void *)name, sizeof(name));
	return name[0] == 's';
}
