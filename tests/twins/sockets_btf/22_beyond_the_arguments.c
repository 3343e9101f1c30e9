// type: tracing
// code: V012
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

/* sched_switch has four arguments. */
SEC("tp_btf/sched_switch")
int on_switch(__u64 *ctx)
{
#ifdef UNSAFE
	seen = ctx[4];
#else
	seen = ctx[3];
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
