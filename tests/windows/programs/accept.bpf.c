/* With Linux's headers, for a hook that Linux has not. */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, __u32); __type(value, __u64); } peers SEC(".maps");

SEC("cgroup/recv_accept4") int accepted(struct bpf_sock_addr *ctx)
{
	__u32 peer = ctx->msg_src_ip4;
	__u64 one = 1, *seen = bpf_map_lookup_elem(&peers, &peer);

	if (seen)
		__sync_fetch_and_add(seen, 1);
	else
		bpf_map_update_elem(&peers, &peer, &one, BPF_NOEXIST);
	return ctx->user_port != bpf_htons(22) && ctx->family == 2;
}

char _license[] SEC("license") = "GPL";
