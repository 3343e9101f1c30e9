// type: lsm
// code: V050
// kernel: none
// why: Linux loads such programs only where BPF is one of its security modules
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("lsm/audit_rule_known")
int known(void *ctx)
{
#ifdef UNSAFE
	return -1;
#else
	return 1;
#endif
}

char LICENSE[] SEC("license") = "GPL";
