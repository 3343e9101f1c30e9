// SPDX-License-Identifier: MIT
/*
 * A small firewall for XDP: parse, judge, count, remember flows, report what was dropped.
 *
 *   Ethernet - up to two VLAN tags - IPv4 with options or IPv6 with extension headers - TCP, UDP, ICMP
 *
 * What it does with a packet, first match wins:
 *
 *   cut off or malformed          drop   event
 *   source on the block list      drop   event, hit counted at the rule
 *   impossible TCP flags          drop   event
 *   TCP or UDP to `closed_port`   drop   event
 *   IPv4 ping                     answered from here (XDP_TX)
 *   everything else               pass
 *
 * It runs unchanged in the Linux kernel (any loader based on libbpf) and here:
 *
 *   bpfcc run examples/firewall.bpf.c --pcap examples/traffic.pcap --maps examples/blocklist.json
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_VLAN_TAGS 2
#define MAX_EXTENSION_HEADERS 6
#define MAX_FLOWS 1024

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Loaders may set it before the program is loaded. */
const volatile __u16 closed_port = 23;

/* ---- headers that linux/ keeps to the kernel itself -------------------------------------------------- */

struct vlan_tag {
	__be16 control;
	__be16 next_protocol;
};

struct icmp_message {
	__u8 type;
	__u8 code;
	__sum16 checksum;
};

struct extension_header {
	__u8 next;
	__u8 length; /* in units of 8 bytes, the first one not counted */
};

enum {
	ICMP_TYPE_ECHO_REPLY = 0,
	ICMP_TYPE_ECHO = 8,
	FRAGMENT_OFFSET = 0x1fff,
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_AUTHENTICATION = 51,
	EXTENSION_DESTINATION = 60,
};

/* ---- maps -------------------------------------------------------------------------------------------- */

enum reason {
	PASSED,
	PING_ANSWERED,
	MALFORMED,
	BLOCKED,
	BAD_TCP_FLAGS,
	CLOSED_PORT,
	REASONS,
};

struct traffic {
	__u64 packets;
	__u64 bytes;
};

/* One row for each reason, one copy of it for each CPU. Keys of arrays are numbers; the tag says what they mean. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASONS);
	__type(key, __u32);
	__type(value, struct traffic);
} counters SEC(".maps") __attribute__((btf_decl_tag("bpfcc:key=reason")));

/* IPv4 addresses are kept in IPv6's mapped form, ::ffff:192.0.2.1, so that one table serves both. */
struct prefix {
	__u32 prefixlen;
	struct in6_addr address;
};

struct rule {
	__u32 number;
	__u32 hits;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, struct rule);
} blocklist SEC(".maps");

struct flow {
	struct in6_addr source;
	struct in6_addr destination;
	__be16 sport;
	__be16 dport;
	__u16 vlan;
	__u16 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_FLOWS);
	__type(key, struct flow);
	__type(value, struct traffic);
} flows SEC(".maps");

struct event {
	enum reason reason;
	__u32 rule;
	struct flow flow;
	__u32 length;
	__u32 reserved;
};

/* The tag tells readers of this buffer what a record is. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps") __attribute__((btf_decl_tag("bpfcc:record=event")));

/* ---- parsing ----------------------------------------------------------------------------------------- */

struct packet {
	struct flow flow;
	__u32 rule;
	void *link;    /* Ethernet header */
	void *network; /* IPv4 or IPv6 header */
	void *transport;
};

/* Each step returns PASSED to go on, or why the packet is dropped. */
static __always_inline enum reason parse_transport(struct packet *packet, void *at, void *end)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at;
	struct icmp_message *icmp = at;

	packet->transport = at;
	switch (packet->flow.proto) {
	case IPPROTO_TCP:
		if ((void *)(tcp + 1) > end || tcp->doff < 5)
			return MALFORMED;
		packet->flow.sport = tcp->source;
		packet->flow.dport = tcp->dest;
		/* No flag at all, or opening and closing at once: only port scanners send that. */
		if (!(tcp->syn | tcp->ack | tcp->fin | tcp->rst) || (tcp->syn && (tcp->fin || tcp->rst)))
			return BAD_TCP_FLAGS;
		return PASSED;
	case IPPROTO_UDP:
		if ((void *)(udp + 1) > end || bpf_ntohs(udp->len) < sizeof(*udp))
			return MALFORMED;
		packet->flow.sport = udp->source;
		packet->flow.dport = udp->dest;
		return PASSED;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if ((void *)(icmp + 1) > end)
			return MALFORMED;
		return PASSED;
	default:
		return PASSED;
	}
}

static __always_inline void map_ipv4(struct in6_addr *to, __be32 address)
{
	to->in6_u.u6_addr32[0] = 0;
	to->in6_u.u6_addr32[1] = 0;
	to->in6_u.u6_addr32[2] = bpf_htonl(0xffff);
	to->in6_u.u6_addr32[3] = address;
}

static __always_inline enum reason parse_ipv4(struct packet *packet, void *at, void *end)
{
	struct iphdr *ip = at;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return MALFORMED;
	packet->network = ip;
	packet->flow.proto = ip->protocol;
	map_ipv4(&packet->flow.source, ip->saddr);
	map_ipv4(&packet->flow.destination, ip->daddr);
	/* Only the first fragment holds the ports. */
	if (ip->frag_off & bpf_htons(FRAGMENT_OFFSET))
		return PASSED;
	return parse_transport(packet, at + ip->ihl * 4, end);
}

static __always_inline enum reason parse_ipv6(struct packet *packet, void *at, void *end)
{
	struct ipv6hdr *ip = at;
	__u8 next;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return MALFORMED;
	packet->network = ip;
	packet->flow.source = ip->saddr;
	packet->flow.destination = ip->daddr;
	next = ip->nexthdr;
	at = ip + 1;
	for (int i = 0; i < MAX_EXTENSION_HEADERS; i++) {
		struct extension_header *extension = at;

		switch (next) {
		case EXTENSION_HOP_BY_HOP:
		case EXTENSION_ROUTING:
		case EXTENSION_DESTINATION:
			if ((void *)(extension + 1) > end)
				return MALFORMED;
			at += (extension->length + 1) * 8;
			break;
		case EXTENSION_AUTHENTICATION: /* this one counts in units of 4 bytes */
			if ((void *)(extension + 1) > end)
				return MALFORMED;
			at += (extension->length + 2) * 4;
			break;
		case EXTENSION_FRAGMENT:
			if (at + 8 > end)
				return MALFORMED;
			if (*(__be16 *)(at + 2) & bpf_htons(0xfff8)) {
				packet->flow.proto = extension->next;
				return PASSED;
			}
			at += 8;
			break;
		default:
			packet->flow.proto = next;
			return parse_transport(packet, at, end);
		}
		next = extension->next;
	}
	return MALFORMED;
}

static __always_inline enum reason parse(struct packet *packet, void *at, void *end)
{
	struct ethhdr *ethernet = at;
	__be16 protocol;

	if ((void *)(ethernet + 1) > end)
		return MALFORMED;
	packet->link = ethernet;
	protocol = ethernet->h_proto;
	at = ethernet + 1;
	for (int i = 0; i < MAX_VLAN_TAGS; i++) {
		struct vlan_tag *tag = at;

		if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return MALFORMED;
		packet->flow.vlan = bpf_ntohs(tag->control) & 0xfff;
		protocol = tag->next_protocol;
		at = tag + 1;
	}
	if (protocol == bpf_htons(ETH_P_IP))
		return parse_ipv4(packet, at, end);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(packet, at, end);
	return PASSED; /* ARP and the like */
}

/* ---- deciding ---------------------------------------------------------------------------------------- */

static __always_inline enum reason judge(struct packet *packet)
{
	struct prefix key = { .prefixlen = 128, .address = packet->flow.source };
	struct rule *rule = bpf_map_lookup_elem(&blocklist, &key);

	if (rule) {
		__sync_fetch_and_add(&rule->hits, 1);
		packet->rule = rule->number;
		return BLOCKED;
	}
	if (packet->flow.dport == bpf_htons(closed_port))
		return CLOSED_PORT;
	return PASSED;
}

/* Turn an IPv4 echo request into its reply, in place. */
static __always_inline int answer_ping(struct packet *packet, void *end)
{
	struct icmp_message *icmp = packet->transport;
	struct ethhdr *ethernet = packet->link;
	struct iphdr *ip = packet->network;
	__u8 hardware[ETH_ALEN];
	__be32 address;
	__u32 sum;

	if (!icmp || !ip || !ethernet || packet->flow.proto != IPPROTO_ICMP)
		return 0;
	if ((void *)(icmp + 1) > end || (void *)(ip + 1) > end || (void *)(ethernet + 1) > end)
		return 0;
	if (icmp->type != ICMP_TYPE_ECHO || icmp->code != 0)
		return 0;
	__builtin_memcpy(hardware, ethernet->h_source, ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, ethernet->h_dest, ETH_ALEN);
	__builtin_memcpy(ethernet->h_dest, hardware, ETH_ALEN);
	address = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = address;
	icmp->type = ICMP_TYPE_ECHO_REPLY;
	/* RFC 1624: the type was the high byte of a 16-bit word, and fell by 8. */
	sum = icmp->checksum + bpf_htons(ICMP_TYPE_ECHO << 8);
	icmp->checksum = (sum & 0xffff) + (sum >> 16);
	return 1;
}

static __always_inline void count(struct traffic *traffic, __u32 length)
{
	__sync_fetch_and_add(&traffic->packets, 1);
	__sync_fetch_and_add(&traffic->bytes, length);
}

static __always_inline void note_flow(const struct flow *flow, __u32 length)
{
	struct traffic first = { .packets = 1, .bytes = length };
	struct traffic *known = bpf_map_lookup_elem(&flows, flow);

	if (known)
		count(known, length);
	else
		bpf_map_update_elem(&flows, flow, &first, BPF_NOEXIST);
}

static __noinline int fill_event(struct event *event, const struct flow *flow, enum reason reason, __u32 rule, __u32 length)
{
	event->reason = reason;
	event->rule = rule;
	event->flow = *flow;
	event->length = length;
	event->reserved = 0;
	return 0;
}

static __always_inline void report(const struct packet *packet, enum reason reason, __u32 length)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return;
	fill_event(event, &packet->flow, reason, packet->rule, length);
	bpf_ringbuf_submit(event, 0);
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 length = end - data;
	struct packet packet = {};
	struct traffic *counter;
	enum reason reason;

	reason = parse(&packet, data, end);
	if (reason == PASSED && packet.network)
		reason = judge(&packet);
	if (reason == PASSED && answer_ping(&packet, end))
		reason = PING_ANSWERED;

	counter = bpf_map_lookup_elem(&counters, &reason);
	if (counter) {
		counter->packets++; /* one copy for each CPU: nobody else writes it */
		counter->bytes += length;
	}
	switch (reason) {
	case PASSED:
		if (packet.network)
			note_flow(&packet.flow, length);
		return XDP_PASS;
	case PING_ANSWERED:
		return XDP_TX;
	case MALFORMED:
		bpf_printk("malformed packet of %u bytes", length);
		report(&packet, reason, length);
		return XDP_DROP;
	default:
		report(&packet, reason, length);
		return XDP_DROP;
	}
}
