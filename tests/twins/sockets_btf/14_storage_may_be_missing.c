// type: sched_cls
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} seen SEC(".maps");

SEC("tc")
int count(struct __sk_buff *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	__u64 *packets;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	packets = bpf_sk_storage_get(&seen, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
#ifndef UNSAFE
	if (!packets)
		return 0;
#endif
	*packets += 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
