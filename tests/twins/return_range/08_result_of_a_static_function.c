// type: cgroup_skb
// code: V050
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int judge(__u32 mark)
{
	if (mark > 100)
#ifdef UNSAFE
		return mark;
#else
		return 1;
#endif
	return 0;
}

SEC("cgroup_skb/ingress")
int enters(struct __sk_buff *ctx)
{
	return judge(ctx->mark);
}

char LICENSE[] SEC("license") = "GPL";
