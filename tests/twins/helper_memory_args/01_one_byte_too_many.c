// type: sched_cls
// code: V034
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define BYTES 17
#else
#define BYTES 16
#endif

SEC("tc")
int copies_header(struct __sk_buff *ctx)
{
	__u8 header[16];

	if (bpf_skb_load_bytes(ctx, 0, header, BYTES) < 0)
		return 0;
	return header[12] == 8;
}

char LICENSE[] SEC("license") = "GPL";
