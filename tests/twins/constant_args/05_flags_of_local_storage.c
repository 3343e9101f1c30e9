// type: cgroup_skb
// code: V037
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, __u64);
} count SEC(".maps");

SEC("cgroup_skb/ingress")
int counts(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	__u64 *packets = bpf_get_local_storage(&count, ctx->mark);
#else
	__u64 *packets = bpf_get_local_storage(&count, 0);
#endif

	*packets += 1;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
