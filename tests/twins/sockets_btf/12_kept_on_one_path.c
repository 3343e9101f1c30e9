// type: xdp
// code: V040
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int only_established(struct xdp_md *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);
	int verdict = XDP_DROP;

	if (!sk)
		return XDP_DROP;
	if (sk->state == 1)
		verdict = XDP_PASS;
#ifdef UNSAFE
	else
		return verdict;
#endif
	bpf_sk_release(sk);
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";
