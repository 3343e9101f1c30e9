// type: sched_cls
// code: V034
// access: yes
// kernel: rejects-safe
// why: clang makes one comparison of both bounds, in 16 bits, and Linux does not see that it leaves out zero
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int copies_options(struct __sk_buff *ctx)
{
	__u8 options[64] = {};
	__u16 bytes;

	if (bpf_skb_load_bytes(ctx, 16, &bytes, sizeof(bytes)) < 0)
		return 0;
#ifdef UNSAFE
	if (bytes == 0)
#else
	if (bytes == 0 || bytes > sizeof(options))
#endif
		return 0;
	if (bpf_skb_load_bytes(ctx, 18, options, bytes) < 0)
		return 0;
	return options[0];
}

char LICENSE[] SEC("license") = "GPL";
