// type: cgroup_skb
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__weak int judge(__u32 mark)
{
	return mark > 100;
}

SEC("cgroup_skb/ingress")
int enters(struct __sk_buff *ctx)
{
	/* Global functions are known by their prototypes only. */
#ifdef UNSAFE
	return judge(ctx->mark);
#else
	return judge(ctx->mark) != 0;
#endif
}

char LICENSE[] SEC("license") = "GPL";
