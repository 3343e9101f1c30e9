/* Programs that trap on some input, and programs that look as if they might.
 *
 * "trap V011" in a comment marks the line whose access (or loop) an input must be found for; "never V011" one for which there is none.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct record {
	__u32 count;
	__u32 words[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct record);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct record);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

volatile __u32 limit;
volatile __u8 lengths[16];

#define START unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end

SEC("xdp")
int no_check(struct xdp_md *ctx)
{
	START;
	return data[40] ? XDP_PASS : XDP_DROP; /* trap V011 */
}

SEC("xdp")
int enough(struct xdp_md *ctx)
{
	START;

	if (data + 41 > end)
		return XDP_DROP;
	return data[40] ? XDP_PASS : XDP_DROP; /* never V011 */
}

SEC("xdp")
int nested_headers(struct xdp_md *ctx)
{
	START;
	struct ethhdr *eth = (void *)data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp;

	if ((void *)(ip + 1) > (void *)end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->version != 4 || ip->protocol != IPPROTO_UDP || ip->ttl < 3)
		return XDP_PASS;
	udp = (void *)ip + ip->ihl * 4;
	if ((void *)udp + 4 > (void *)end)
		return XDP_PASS;
	if (udp->dest != bpf_htons(4791))
		return XDP_PASS;
	return udp->check ? XDP_DROP : XDP_PASS; /* trap V011 */
}

SEC("xdp")
int port_in_range(struct xdp_md *ctx)
{
	START;
	struct tcphdr *tcp = (void *)(data + 34);
	__u16 port;

	if ((void *)(tcp + 1) > (void *)end)
		return XDP_PASS;
	port = bpf_ntohs(tcp->dest);
	if (port < 8000 || port > 8100 || (tcp->syn && tcp->ack))
		return XDP_PASS;
	return data[port & 0x7ff] ? XDP_DROP : XDP_PASS; /* trap V011 */
}

SEC("xdp")
int length_of_options(struct xdp_md *ctx)
{
	START;
	int i, at = 20;

	if (data + 60 > end)
		return XDP_PASS;
#pragma clang loop unroll(disable)
	for (i = 0; i < 4; i++) {
		if (data[at] == 0) /* trap V011 */
			break;
		at += data[at];
	}
	return at & 1 ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int before_the_packet(struct xdp_md *ctx)
{
	START;

	if (data + 64 > end)
		return XDP_PASS;
	return data[(signed char)data[3]] ? XDP_PASS : XDP_DROP; /* trap V011 */
}

SEC("xdp")
int below_a_mask(struct xdp_md *ctx)
{
	START;

	if (data + 64 > end)
		return XDP_PASS;
	return data[data[3] & 0x3f] ? XDP_PASS : XDP_DROP; /* never V011 */
}

SEC("xdp")
int correlated(struct xdp_md *ctx)
{
	START;
	int tagged = 0;

	if (data + 14 <= end)
		tagged = data[12] == 0x81;
	if (ctx->rx_queue_index == 3)
		tagged = 1;
	barrier_var(tagged);
	if (!tagged)
		return XDP_PASS;
	return data[13] ? XDP_PASS : XDP_DROP; /* trap V011 */
}

SEC("xdp")
int index_of_stack(struct xdp_md *ctx)
{
	START;
	volatile unsigned char counts[16] = {};

	if (data + 2 > end || data[0] > 16)
		return XDP_PASS;
	counts[data[0]] = data[1]; /* trap V010 */
	return counts[3];
}

SEC("xdp")
int two_indices_of_stack(struct xdp_md *ctx)
{
	START;
	volatile unsigned char counts[32] = {};

	if (data + 2 > end || data[0] >= 4 || data[1] > 8)
		return XDP_PASS;
	counts[data[0] * 8 + data[1]] = 1; /* trap V010 */
	return counts[3];
}

SEC("xdp")
int lookup_not_checked(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	struct record *found = bpf_map_lookup_elem(&flows, &key);

	return found->count ? XDP_PASS : XDP_DROP; /* trap V020 */
}

SEC("xdp")
int lookup_checked(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	struct record *found = bpf_map_lookup_elem(&flows, &key);

	if (!found)
		return XDP_DROP;
	return found->count ? XDP_PASS : XDP_DROP; /* never V020 */
}

SEC("xdp")
int index_of_an_array(struct xdp_md *ctx)
{
	START;
	struct record *found;
	__u32 key;

	if (data + 4 > end)
		return XDP_PASS;
	key = *(__u32 *)data;
	if (key == 7 || key < 3)
		return XDP_PASS;
	found = bpf_map_lookup_elem(&table, &key);
	return found->count ? XDP_PASS : XDP_DROP; /* trap V020 */
}

SEC("xdp")
int second_lookup(struct xdp_md *ctx)
{
	__u32 key = 9;
	struct record *first = bpf_map_lookup_elem(&flows, &key), *second;

	if (!first || first->count != 0x12345678)
		return XDP_PASS;
	key = first->words[2] ^ 0x55;
	second = bpf_map_lookup_elem(&flows, &key);
	return second->count ? XDP_PASS : XDP_DROP; /* trap V020 */
}

SEC("xdp")
int beyond_the_value(struct xdp_md *ctx)
{
	__u32 key = 0, at;
	struct record *found = bpf_map_lookup_elem(&scratch, &key);

	if (!found)
		return XDP_PASS;
	at = found->count;
	if (at > 6)
		return XDP_PASS;
	return found->words[at] ? XDP_PASS : XDP_DROP; /* trap V013 */
}

SEC("xdp")
int global_index(struct xdp_md *ctx)
{
	__u32 at = limit;

	if (at < 3 || at > 500)
		return XDP_PASS;
	return lengths[at] ? XDP_PASS : XDP_DROP; /* trap V013 */
}

SEC("xdp")
int buffer_is_full(struct xdp_md *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, 64, 0);

	*event = 1; /* trap V020 */
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

SEC("xdp")
int beyond_the_reservation(struct xdp_md *ctx)
{
	START;
	unsigned char *event = bpf_ringbuf_reserve(&events, 24, 0);
	__u32 at;

	if (!event)
		return XDP_PASS;
	if (data + 1 > end)
		goto out;
	at = data[0] >> 3;
	event[at] = 1; /* trap V014 */
out:
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

SEC("xdp")
int written_after_submit(struct xdp_md *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, 24, 0);

	if (!event)
		return XDP_PASS;
	bpf_ringbuf_submit(event, 0);
	if (ctx->rx_queue_index == 77)
		*(volatile __u64 *)event = 1; /* trap V041 */
	return XDP_PASS;
}

SEC("xdp")
int map_is_full(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	struct record fresh = {}, *found = bpf_map_lookup_elem(&flows, &key);

	if (!found) {
		bpf_map_update_elem(&flows, &key, &fresh, BPF_ANY);
		found = bpf_map_lookup_elem(&flows, &key);
	}
	found->count++; /* trap V020 */
	return XDP_PASS;
}

SEC("xdp")
int packet_has_moved(struct xdp_md *ctx)
{
	START;

	if (data + 30 > end || data[0] != 0x33)
		return XDP_PASS;
	if (bpf_xdp_adjust_head(ctx, 8))
		return XDP_PASS;
	return data[1] ? XDP_DROP : XDP_PASS; /* trap V019 */
}

SEC("tc")
int protocol_and_mark(struct __sk_buff *ctx)
{
	START;

	if (ctx->protocol != bpf_htons(ETH_P_IPV6) || ctx->mark != 0xabcd)
		return TC_ACT_OK;
	return data[53] ? TC_ACT_OK : TC_ACT_SHOT; /* trap V011 */
}

SEC("tc")
int bytes_loaded(struct __sk_buff *ctx)
{
	unsigned char local[24];
	__u16 size;

	if (bpf_skb_load_bytes(ctx, 16, &size, 2))
		return TC_ACT_OK;
	size = bpf_ntohs(size);
	if (size == 0 || size > 600)
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(ctx, 0, local, size)) /* trap V034 */
		return TC_ACT_OK;
	return local[0] ? TC_ACT_OK : TC_ACT_SHOT;
}

static __noinline int value_at(unsigned char *at)
{
	return at[2]; /* trap V011 */
}

SEC("xdp")
int in_a_callee(struct xdp_md *ctx)
{
	START;

	if (data + 40 > end || *(__u32 *)(data + 26) != bpf_htonl(0x0a000001))
		return XDP_PASS;
	return value_at(data + 38) ? XDP_PASS : XDP_DROP;
}

struct walk {
	unsigned char *data, *end;
	__u32 at;
};

static long step(__u32 index, struct walk *walk)
{
	if (walk->data + walk->at + 1 > walk->end)
		return 1;
	walk->at += walk->data[walk->at];
	return walk->data[walk->at] == 0xee; /* trap V011 */
}

SEC("xdp")
int in_a_callback(struct xdp_md *ctx)
{
	START;
	struct walk walk = {.data = data, .end = end};

	bpf_loop(20, step, &walk, 0);
	return walk.at & 1 ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int sum_of_bytes(struct xdp_md *ctx)
{
	START;
	__u32 sum = 0;
	int i;

	if (data + 48 > end)
		return XDP_PASS;
#pragma clang loop unroll(full)
	for (i = 0; i < 8; i++)
		sum += data[i];
	if (sum != 1000)
		return XDP_PASS;
	return data[48] ? XDP_PASS : XDP_DROP; /* trap V011 */
}

SEC("xdp")
int never_ends(struct xdp_md *ctx)
{
	START;
	__u32 at = 0;

	if (data + 32 > end)
		return XDP_PASS;
	while ((at & 31) != 31) /* trap V060 */
		at += data[at & 31] + 1;
	return at > 1000 ? XDP_PASS : XDP_DROP;
}

SEC("tracepoint/sched/sched_switch")
int by_process(void *ctx)
{
	volatile char names[4] = {1, 2, 3, 4};
	__u64 id = bpf_get_current_pid_tgid();

	if ((id >> 32) < 1000)
		return 0;
	return names[(id >> 32) - 1000]; /* trap V010 */
}

struct registers {
	__u64 words[21];
};

SEC("kprobe/do_exit")
int by_register(struct registers *ctx)
{
	volatile char names[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	__u64 at = ctx->words[13];

	if (at > 8)
		return 0;
	return names[at]; /* trap V010 */
}

char LICENSE[] SEC("license") = "GPL";
