// type: sched_cls
// code: V034
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u32 bytes_wanted;

SEC("tc")
int copies_the_start(struct __sk_buff *ctx)
{
	__u8 start[32] = {};
	__u32 bytes = bytes_wanted;

	if (bytes - 1 >= sizeof(start))
		return 0;
#ifdef UNSAFE
	/* Read again: another CPU may have changed it. */
	barrier();
	bytes = bytes_wanted & 127;
	if (bytes == 0)
		return 0;
#endif
	if (bpf_skb_load_bytes(ctx, 0, start, bytes) < 0)
		return 0;
	return start[3];
}

char LICENSE[] SEC("license") = "GPL";
