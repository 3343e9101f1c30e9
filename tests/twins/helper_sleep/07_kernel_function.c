// type: kprobe
// code: V038
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
SEC("uprobe//bin/sh:main")
#else
SEC("uprobe.s//bin/sh:main")
#endif
int on_main(void *ctx)
{
	char text[16];

	return bpf_copy_from_user_str(text, sizeof(text), (void *)4096, 0) > 0;
}

char LICENSE[] SEC("license") = "GPL";
