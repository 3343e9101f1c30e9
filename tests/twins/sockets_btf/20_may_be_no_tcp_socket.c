// type: xdp
// code: V020
// kernel: both
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pending(struct xdp_md *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv6), -1, 0);
	int verdict = XDP_DROP;
	struct sock_common *found;

	if (!sk)
		return XDP_DROP;
	found = (void *)bpf_skc_to_tcp_sock(sk);
#ifndef UNSAFE
	if (found)
#endif
		if (found->skc_family == 2)
			verdict = XDP_PASS;
	bpf_sk_release(sk);
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";
