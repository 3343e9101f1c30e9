// type: raw_tracepoint
// code: V014
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
extern const int bpf_prog_active __ksym;
SEC("raw_tp/sys_enter") int reads(void *ctx)
{
	int *p = bpf_per_cpu_ptr(&bpf_prog_active, bpf_get_smp_processor_id());
	if (!p) return 0;
#ifdef UNSAFE
	return p[1];
#else
	return p[0];
#endif
}
char LICENSE[] SEC("license") = "GPL";
