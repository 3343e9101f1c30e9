// type: sched_cls
// code: V036
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
#else
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
#endif
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} seen SEC(".maps");

SEC("tc")
int has_been_seen(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	return bpf_sk_storage_get(&seen, sk, 0, 0) ? 1 : 0;
}

char LICENSE[] SEC("license") = "GPL";
