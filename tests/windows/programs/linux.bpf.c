/* For Linux: what is made of something else when it is ported. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct large { __u32 length, sum; __u64 seen; __u8 head[14]; __u8 rest[578]; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 20); } large SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 4096); __type(key, __u32); __type(value, __u64); } first SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } results SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 3); __type(value, __u64); } waiting SEC(".maps");

static __always_inline void keep(__u32 at, __s64 value)
{
	__u64 *found = bpf_map_lookup_elem(&results, &at);

	if (found)
		*found = *found * 31 + value;
}

SEC("xdp") int emulated(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct large *record;
	__u64 sum = 0, popped = 7;
	__u32 key, none = 99;
	__u8 head[14];

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	key = ip->saddr;
	sum = ip->ttl;
	keep(0, bpf_map_update_elem(&first, &key, &sum, BPF_NOEXIST));
	keep(1, bpf_map_update_elem(&results, &none, &sum, ip->tos & 3));
	keep(2, bpf_csum_diff((__be32 *)&ip->saddr, 4, (__be32 *)ip, 20, ip->id | 0x80000000));
	keep(3, bpf_map_push_elem(&waiting, &sum, ip->protocol & 3));
	if (ip->protocol & 4)
		keep(4, bpf_map_pop_elem(&waiting, &popped));
	keep(5, popped);
	keep(6, bpf_xdp_load_bytes(ctx, ip->tos & 63, head, sizeof(head)));
	record = bpf_ringbuf_reserve(&large, sizeof(*record), 0);
	if (!record)
		return XDP_ABORTED;
	record->length = end - data;
	record->seen = sum;
	__builtin_memcpy(record->head, data, sizeof(record->head));
	if (ip->protocol & 1)
		bpf_ringbuf_submit(record, 0);
	else
		bpf_ringbuf_discard(record, 0);
	return ip->ttl & 3;
}

char _license[] SEC("license") = "GPL";
