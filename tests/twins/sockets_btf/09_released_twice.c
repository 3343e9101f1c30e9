// type: xdp
// code: V041
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int known_flow(struct xdp_md *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);

	if (!sk)
		return XDP_DROP;
	bpf_sk_release(sk);
#ifdef UNSAFE
	bpf_sk_release(sk);
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
