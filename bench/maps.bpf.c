// SPDX-License-Identifier: MIT
/* One map operation a packet: what bench/kernel_maps.py times. Keys are the packet's ("hot") or go through a table ("spread"). */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>

#define ENTRIES 10000
#define SPREAD_MASK 8191

char LICENSE[] SEC("license") = "GPL";

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct prefix {
	__u32 length;
	__u32 address;
};

#define TABLE(name, kind)                              \
	struct {                                       \
		__uint(type, kind);                    \
		__uint(max_entries, ENTRIES);          \
		__type(key, __u64);                    \
		__type(value, struct counter);         \
	} name SEC(".maps")

TABLE(hash, BPF_MAP_TYPE_HASH);
TABLE(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH);
TABLE(lru_hash, BPF_MAP_TYPE_LRU_HASH);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct counter);
} percpu_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct counter);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, struct counter);
} trie SEC(".maps");

static __u64 turn;

static __always_inline struct iphdr *header(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);

	return (void *)(ip + 1) <= (void *)(long)ctx->data_end ? ip : 0;
}

/* Hot: the same key for the same packet. Spread: each of 8,192 keys in an order without a pattern. */
static __always_inline __u64 key_of(struct iphdr *ip, int spread)
{
	return spread ? (ip->protocol + 40503 * ++turn) & SPREAD_MASK : ip->protocol;
}

static __always_inline int count(void *map, struct xdp_md *ctx, int spread)
{
	struct iphdr *ip = header(ctx);
	struct counter *found;
	__u64 key;

	if (!ip)
		return XDP_DROP;
	key = key_of(ip, spread);
	found = bpf_map_lookup_elem(map, &key);
	if (!found)
		return XDP_ABORTED;
	found->packets++;
	found->bytes += ctx->data_end - ctx->data;
	return XDP_PASS;
}

static __always_inline int replace(void *map, struct xdp_md *ctx, int spread)
{
	struct iphdr *ip = header(ctx);
	struct counter *found, next;
	__u64 key;

	if (!ip)
		return XDP_DROP;
	key = key_of(ip, spread);
	found = bpf_map_lookup_elem(map, &key);
	if (!found)
		return XDP_ABORTED;
	next.packets = found->packets + 1;
	next.bytes = found->bytes + (ctx->data_end - ctx->data);
	return bpf_map_update_elem(map, &key, &next, BPF_ANY) ? XDP_ABORTED : XDP_PASS;
}

static __always_inline int count_index(void *map, struct xdp_md *ctx)
{
	struct iphdr *ip = header(ctx);
	struct counter *found;
	__u32 key;

	if (!ip)
		return XDP_DROP;
	key = ip->protocol;
	found = bpf_map_lookup_elem(map, &key);
	if (!found)
		return XDP_ABORTED;
	found->packets++;
	found->bytes += ctx->data_end - ctx->data;
	return XDP_PASS;
}

static __always_inline int longest(struct xdp_md *ctx, int spread)
{
	struct iphdr *ip = header(ctx);
	struct counter *found;
	struct prefix key = { 32 };

	if (!ip)
		return XDP_DROP;
	key.address = spread ? ip->saddr ^ (__u32)(40503 * ++turn & SPREAD_MASK) << 8 : ip->saddr;
	found = bpf_map_lookup_elem(&trie, &key);
	return found && found->packets ? XDP_PASS : XDP_ABORTED;
}

static __always_inline int insert(void *map, struct xdp_md *ctx)
{
	struct iphdr *ip = header(ctx);
	struct counter fresh = { 1, 64 };
	__u64 key;

	if (!ip)
		return XDP_DROP;
	key = (1 << 20) + ++turn;
	return bpf_map_update_elem(map, &key, &fresh, BPF_ANY) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp") int nothing(struct xdp_md *ctx) { return XDP_PASS; }
SEC("xdp") int parse(struct xdp_md *ctx) { return header(ctx) ? XDP_PASS : XDP_DROP; }
SEC("xdp") int array_count(struct xdp_md *ctx) { return count_index(&array, ctx); }
SEC("xdp") int percpu_array_count(struct xdp_md *ctx) { return count_index(&percpu_array, ctx); }
SEC("xdp") int hash_count(struct xdp_md *ctx) { return count(&hash, ctx, 0); }
SEC("xdp") int hash_count_spread(struct xdp_md *ctx) { return count(&hash, ctx, 1); }
SEC("xdp") int hash_update(struct xdp_md *ctx) { return replace(&hash, ctx, 0); }
SEC("xdp") int hash_update_spread(struct xdp_md *ctx) { return replace(&hash, ctx, 1); }
SEC("xdp") int percpu_hash_count(struct xdp_md *ctx) { return count(&percpu_hash, ctx, 0); }
SEC("xdp") int percpu_hash_count_spread(struct xdp_md *ctx) { return count(&percpu_hash, ctx, 1); }
SEC("xdp") int lru_count(struct xdp_md *ctx) { return count(&lru_hash, ctx, 0); }
SEC("xdp") int lru_count_spread(struct xdp_md *ctx) { return count(&lru_hash, ctx, 1); }
SEC("xdp") int lru_insert(struct xdp_md *ctx) { return insert(&lru_hash, ctx); }
SEC("xdp") int lpm_lookup(struct xdp_md *ctx) { return longest(ctx, 0); }
SEC("xdp") int lpm_lookup_spread(struct xdp_md *ctx) { return longest(ctx, 1); }
