// type: xdp
// code: V041
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int marked_flow(struct xdp_md *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv6), -1, 0);
	__u32 mark;

	if (!sk)
		return XDP_DROP;
#ifndef UNSAFE
	mark = sk->mark;
#endif
	bpf_sk_release(sk);
#ifdef UNSAFE
	mark = sk->mark;
#endif
	return mark ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
