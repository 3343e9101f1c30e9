/* Socket buffers: bytes by offset, resizing, VLAN tags, fields of the context that helpers change. */
#include "helper.h"

enum {
    /* Offsets in struct __sk_buff. */
    SKB_PKT_TYPE = 4,
    SKB_PROTOCOL = 16,
    SKB_VLAN_PRESENT = 20,
    SKB_VLAN_TCI = 24,
    SKB_VLAN_PROTO = 28,
    SKB_HASH = 68,
    SKB_BYTES = 192,

    LINK_BYTES = 14,
    VLAN_BYTES = 4,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    MAX_LENGTH = 16064, /* four pages less what the kernel keeps behind the data */
    PROTOCOL_IPV4 = 0x0800,
    PROTOCOL_IPV6 = 0x86dd,
    PROTOCOL_VLAN = 0x8100,
    PROTOCOL_QINQ = 0x88a8,
    LAST_PACKET_TYPE = 3,
};

static uint32_t length_of(const struct bpfcc_run *run) { return run->packet_end - run->packet_data; }
static uint8_t *data_of(const struct bpfcc_run *run) { return run->packet + run->packet_data; }
static uint32_t swap16(uint32_t v) { return (v >> 8 & 0xff) | (v & 0xff) << 8; }

static uint32_t field(const struct bpfcc_run *run, uint32_t offset)
{
    return run->context_size >= SKB_BYTES ? bpfcc_get32(run->context + offset) : 0;
}

static void set_field(struct bpfcc_run *run, uint32_t offset, uint32_t value)
{
    if (run->context_size >= SKB_BYTES)
        bpfcc_put32(run->context + offset, value);
}

/* The protocol in host order; where the caller filled none in, the link header says it. */
static uint32_t protocol_of(const struct bpfcc_run *run)
{
    uint32_t protocol = swap16(field(run, SKB_PROTOCOL));
    if (!protocol && run->outcome->network_offset >= 2 && length_of(run) >= run->outcome->network_offset)
        protocol = swap16(bpfcc_get16(data_of(run) + run->outcome->network_offset - 2));
    return protocol;
}

/* Data begins `bytes` earlier, the first `keep` bytes move there and zeros open up behind them. */
static int push(struct bpfcc_run *run, uint32_t keep, uint32_t bytes)
{
    uint32_t length = length_of(run), headroom = run->packet_data;
    if (bytes > headroom) {
        uint32_t wanted = headroom + bytes + run->outcome->packet_headroom;
        int error = bpfcc_packet_reserve(run, wanted, length);
        if (error)
            return error;
        memmove(run->packet + wanted, run->packet + headroom, length);
        run->packet_data = run->packet_meta = wanted;
        run->packet_end = wanted + length;
    }
    run->packet_data -= bytes;
    run->packet_meta = run->packet_data;
    memmove(data_of(run), data_of(run) + bytes, keep);
    memset(data_of(run) + keep, 0, bytes);
    return 0;
}

static void pull(struct bpfcc_run *run, uint32_t keep, uint32_t bytes)
{
    memmove(data_of(run) + bytes, data_of(run), keep);
    run->packet_data += bytes;
    run->packet_meta = run->packet_data;
}

static int resize(struct bpfcc_run *run, uint32_t length)
{
    uint32_t old = length_of(run);
    if (run->packet_data + length > run->packet_capacity) {
        int error = bpfcc_packet_reserve(run, run->packet_data, length);
        if (error)
            return error;
    }
    if (length > old)
        memset(data_of(run) + old, 0, length - old);
    run->packet_end = run->packet_data + length;
    return 0;
}

/* ---- bytes -------------------------------------------------------------------------------------------------------- */

static uint8_t *range(const struct bpfcc_run *run, uint64_t offset, uint64_t size)
{
    uint64_t length = length_of(run);
    return offset <= length && size <= length - offset ? data_of(run) + offset : NULL;
}

HELPER(skb_load_bytes)
{
    uint32_t size = (uint32_t)r4, offset = (uint32_t)r2;
    uint8_t *to = bpfcc_access(run, r3, size, 1);
    const uint8_t *from = offset > INT32_MAX ? NULL : range(run, offset, size);
    if (!to)
        return BPFCC_ERR(BPFCC_EFAULT);
    if (!from) {
        memset(to, 0, size);
        return BPFCC_ERR(BPFCC_EFAULT);
    }
    memmove(to, from, size);
    return 0;
}

HELPER(skb_load_bytes_relative)
{
    enum { START_MAC = 0, START_NETWORK = 1 };
    uint32_t size = (uint32_t)r4, offset = (uint32_t)r2, start = (uint32_t)r5;
    uint8_t *to = bpfcc_access(run, r3, size, 1);
    if (!to)
        return BPFCC_ERR(BPFCC_EFAULT);
    const uint8_t *from = NULL;
    /* Where the program does not see the link header, the caller's packet has none. */
    if (offset <= 0xffff && start == START_NETWORK)
        from = range(run, (uint64_t)run->outcome->network_offset + offset, size);
    else if (offset <= 0xffff && start == START_MAC && run->outcome->link_bytes)
        from = range(run, offset, size);
    if (!from) {
        memset(to, 0, size);
        return BPFCC_ERR(BPFCC_EFAULT);
    }
    memmove(to, from, size);
    return 0;
}

HELPER(skb_store_bytes)
{
    enum { RECOMPUTE_CSUM = 1, INVALIDATE_HASH = 2 };
    uint32_t size = (uint32_t)r4, offset = (uint32_t)r2;
    const uint8_t *from = bpfcc_access(run, r3, size, 0);
    if (!from)
        return BPFCC_ERR(BPFCC_EFAULT);
    if (r5 & ~(uint64_t)(RECOMPUTE_CSUM | INVALIDATE_HASH))
        return BPFCC_ERR(BPFCC_EINVAL);
    uint8_t *to = offset > INT32_MAX ? NULL : range(run, offset, size);
    if (!to)
        return BPFCC_ERR(BPFCC_EFAULT);
    memmove(to, from, size);
    if (r5 & INVALIDATE_HASH)
        run->outcome->hash_valid = 0, set_field(run, SKB_HASH, 0);
    bpfcc_packet_moved(run);
    return 0;
}

HELPER(skb_pull_data)
{
    bpfcc_packet_moved(run);
    return (uint32_t)r2 <= length_of(run) ? 0 : BPFCC_ERR(BPFCC_ENOMEM);
}

/* ---- length --------------------------------------------------------------------------------------------------------- */

HELPER(skb_change_tail)
{
    uint32_t length = (uint32_t)r2;
    bpfcc_packet_moved(run);
    if (r3 || length > MAX_LENGTH || length < run->outcome->network_offset)
        return BPFCC_ERR(BPFCC_EINVAL);
    int error = resize(run, length);
    bpfcc_packet_moved(run);
    return (uint64_t)(int64_t)error;
}

HELPER(skb_change_head)
{
    uint32_t room = (uint32_t)r2, length = length_of(run) + room;
    bpfcc_packet_moved(run);
    if (r3 || (int32_t)room < 0 || length > MAX_LENGTH || length < room)
        return BPFCC_ERR(BPFCC_EINVAL);
    int error = push(run, 0, room);
    if (!error)
        run->outcome->network_offset += room;
    bpfcc_packet_moved(run);
    return (uint64_t)(int64_t)error;
}

HELPER(skb_change_type)
{
    if (field(run, SKB_PKT_TYPE) > LAST_PACKET_TYPE || (uint32_t)r2 > LAST_PACKET_TYPE)
        return BPFCC_ERR(BPFCC_EINVAL);
    set_field(run, SKB_PKT_TYPE, (uint32_t)r2);
    return 0;
}

HELPER(skb_change_proto)
{
    uint32_t from = protocol_of(run), to = swap16((uint32_t)r2 & 0xffff), keep = run->outcome->network_offset, bytes = IPV6_BYTES - IPV4_BYTES;
    int error = 0;
    bpfcc_packet_moved(run);
    if (r3)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (from == PROTOCOL_IPV4 && to == PROTOCOL_IPV6)
        error = push(run, keep, bytes);
    else if (from == PROTOCOL_IPV6 && to == PROTOCOL_IPV4 && length_of(run) >= keep + bytes)
        pull(run, keep, bytes);
    else
        return BPFCC_ERR(BPFCC_ENOTSUPP);
    if (!error)
        set_field(run, SKB_PROTOCOL, swap16(to)), run->outcome->hash_valid = 0;
    bpfcc_packet_moved(run);
    return (uint64_t)(int64_t)error;
}

enum adjust_room {
    ROOM_FIXED_GSO = 1 << 0,
    ROOM_ENCAP_IPV4 = 1 << 1,
    ROOM_ENCAP_IPV6 = 1 << 2,
    ROOM_ENCAP_GRE = 1 << 3,
    ROOM_ENCAP_UDP = 1 << 4,
    ROOM_NO_CSUM_RESET = 1 << 5,
    ROOM_ENCAP_ETHERNET = 1 << 6,
    ROOM_DECAP_IPV4 = 1 << 7,
    ROOM_DECAP_IPV6 = 1 << 8,
    ROOM_INNER_SHIFT = 56, /* length of an inner link header */
    ROOM_MODE_NET = 0,
    ROOM_MODE_MAC = 1,
    ROOM_MAX = 0xfff,
};
#define ROOM_INNER_MASK ((uint64_t)0xff << ROOM_INNER_SHIFT)
#define ROOM_ENCAP (ROOM_ENCAP_IPV4 | ROOM_ENCAP_IPV6)
#define ROOM_DECAP (ROOM_DECAP_IPV4 | ROOM_DECAP_IPV6)
#define ROOM_KNOWN ((uint64_t)(ROOM_FIXED_GSO | ROOM_ENCAP | ROOM_ENCAP_GRE | ROOM_ENCAP_UDP | ROOM_NO_CSUM_RESET | ROOM_ENCAP_ETHERNET | ROOM_DECAP) | ROOM_INNER_MASK)

static int64_t grow_room(struct bpfcc_run *run, uint32_t at, uint32_t bytes, uint64_t flags)
{
    if (flags & ROOM_ENCAP) {
        if ((flags & ROOM_ENCAP) == ROOM_ENCAP || (flags & ROOM_ENCAP_GRE && flags & ROOM_ENCAP_UDP))
            return -BPFCC_EINVAL;
        if (flags >> ROOM_INNER_SHIFT > bytes)
            return -BPFCC_EINVAL;
    }
    if (at > length_of(run))
        return -BPFCC_ENOMEM;
    int error = push(run, at, bytes);
    if (!error && flags & ROOM_ENCAP)
        set_field(run, SKB_PROTOCOL, swap16(flags & ROOM_ENCAP_IPV6 ? PROTOCOL_IPV6 : PROTOCOL_IPV4));
    return error;
}

static int64_t shrink_room(struct bpfcc_run *run, uint32_t at, uint32_t bytes, uint64_t flags)
{
    if (flags & ~(uint64_t)(ROOM_FIXED_GSO | ROOM_DECAP | ROOM_NO_CSUM_RESET))
        return -BPFCC_EINVAL;
    if (at + bytes > length_of(run))
        return -BPFCC_ENOMEM;
    pull(run, at, bytes);
    if (flags & ROOM_DECAP)
        set_field(run, SKB_PROTOCOL, swap16(flags & ROOM_DECAP_IPV6 ? PROTOCOL_IPV6 : PROTOCOL_IPV4));
    return 0;
}

HELPER(skb_adjust_room)
{
    int32_t delta = (int32_t)r2;
    uint32_t bytes = delta < 0 ? (uint32_t)-(int64_t)delta : (uint32_t)delta, protocol = protocol_of(run);
    uint32_t base = protocol == PROTOCOL_IPV6 ? IPV6_BYTES : IPV4_BYTES, least = base, at = run->outcome->network_offset;
    bpfcc_packet_moved(run);
    if (r4 & ~ROOM_KNOWN)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (bytes > ROOM_MAX)
        return BPFCC_ERR(BPFCC_EFAULT);
    if (protocol != PROTOCOL_IPV4 && protocol != PROTOCOL_IPV6)
        return BPFCC_ERR(BPFCC_ENOTSUPP);
    if ((uint32_t)r3 == ROOM_MODE_NET)
        at += base;
    else if ((uint32_t)r3 != ROOM_MODE_MAC)
        return BPFCC_ERR(BPFCC_ENOTSUPP);
    if (r4 & ROOM_DECAP) {
        if (delta >= 0 || (r4 & ROOM_DECAP) == ROOM_DECAP)
            return BPFCC_ERR(BPFCC_EINVAL);
        least = r4 & ROOM_DECAP_IPV6 ? IPV6_BYTES : IPV4_BYTES;
    }
    uint32_t now = length_of(run) - run->outcome->network_offset;
    if (delta < 0 ? bytes >= now || now - bytes < least : length_of(run) + bytes > MAX_LENGTH)
        return BPFCC_ERR(BPFCC_ENOTSUPP);
    int64_t error = delta < 0 ? shrink_room(run, at, bytes, r4) : grow_room(run, at, bytes, r4);
    bpfcc_packet_moved(run);
    return (uint64_t)error;
}

/* ---- VLAN ----------------------------------------------------------------------------------------------------------- */

static int is_vlan(uint32_t protocol) { return protocol == PROTOCOL_VLAN || protocol == PROTOCOL_QINQ; }

/* The tag that a device would carry beside the packet is in the context only; an older one moves into the bytes. */
HELPER(skb_vlan_push)
{
    enum { MAC_BYTES = 12 };
    uint32_t protocol = swap16((uint32_t)r2 & 0xffff);
    bpfcc_packet_moved(run);
    if (!is_vlan(protocol))
        protocol = PROTOCOL_VLAN;
    if (field(run, SKB_VLAN_PRESENT)) {
        uint32_t old = swap16(field(run, SKB_VLAN_PROTO)), tci = field(run, SKB_VLAN_TCI);
        int error = length_of(run) < MAC_BYTES ? -BPFCC_ENOMEM : push(run, MAC_BYTES, VLAN_BYTES);
        if (error)
            return (uint64_t)(int64_t)error;
        uint8_t *tag = data_of(run) + MAC_BYTES;
        tag[0] = (uint8_t)(old >> 8), tag[1] = (uint8_t)old, tag[2] = (uint8_t)(tci >> 8), tag[3] = (uint8_t)tci;
        run->outcome->network_offset += VLAN_BYTES;
        set_field(run, SKB_PROTOCOL, swap16(old));
    }
    set_field(run, SKB_VLAN_PRESENT, 1);
    set_field(run, SKB_VLAN_TCI, (uint32_t)r3 & 0xffff);
    set_field(run, SKB_VLAN_PROTO, swap16(protocol));
    bpfcc_packet_moved(run);
    return 0;
}

/* Takes the tag out of the bytes: its TCI, or -1 when there is none. */
static int64_t take_tag(struct bpfcc_run *run)
{
    enum { MAC_BYTES = 12 };
    if (length_of(run) < LINK_BYTES + VLAN_BYTES || !is_vlan(swap16(bpfcc_get16(data_of(run) + MAC_BYTES))))
        return -1;
    uint32_t tci = swap16(bpfcc_get16(data_of(run) + MAC_BYTES + 2));
    pull(run, MAC_BYTES, VLAN_BYTES);
    set_field(run, SKB_PROTOCOL, bpfcc_get16(data_of(run) + MAC_BYTES));
    run->outcome->network_offset = LINK_BYTES;
    return (int64_t)tci;
}

HELPER(skb_vlan_pop)
{
    enum { MAC_BYTES = 12 };
    bpfcc_packet_moved(run);
    if (field(run, SKB_VLAN_PRESENT)) {
        set_field(run, SKB_VLAN_PRESENT, 0);
        set_field(run, SKB_VLAN_TCI, 0);
        set_field(run, SKB_VLAN_PROTO, 0);
    } else if (take_tag(run) < 0) {
        return 0; /* no tag at all: nothing to do */
    }
    /* A further tag in the bytes becomes the one beside the packet. */
    if (run->outcome->link_bytes && length_of(run) >= LINK_BYTES) {
        uint32_t protocol = swap16(bpfcc_get16(data_of(run) + MAC_BYTES));
        int64_t tci = is_vlan(protocol) ? take_tag(run) : -1;
        if (tci >= 0) {
            set_field(run, SKB_VLAN_PRESENT, 1);
            set_field(run, SKB_VLAN_TCI, (uint32_t)tci);
            set_field(run, SKB_VLAN_PROTO, swap16(protocol));
        }
    }
    bpfcc_packet_moved(run);
    return 0;
}

/* ---- the flow hash ---------------------------------------------------------------------------------------------------- */

static uint32_t mix(uint32_t hash, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

/* Of addresses, protocol and ports. The kernel keys its own with a random secret, so no program knows its value. */
static uint32_t flow_hash(struct bpfcc_run *run)
{
    const uint8_t *ip = range(run, run->outcome->network_offset, IPV4_BYTES);
    uint32_t hash = mix(2166136261u, (const uint8_t *)&run->state->seed, sizeof run->state->seed), transport = 0, protocol = 0;
    if (ip && ip[0] >> 4 == 4) {
        hash = mix(hash, ip + 12, 8);
        protocol = ip[9];
        transport = run->outcome->network_offset + (uint32_t)(ip[0] & 15) * 4;
    } else if (ip && ip[0] >> 4 == 6 && (ip = range(run, run->outcome->network_offset, IPV6_BYTES))) {
        hash = mix(hash, ip + 8, 32);
        protocol = ip[6];
        transport = run->outcome->network_offset + IPV6_BYTES;
    }
    uint8_t last = (uint8_t)protocol;
    hash = mix(hash, &last, 1);
    const uint8_t *ports = protocol == 6 || protocol == 17 ? range(run, transport, 4) : NULL;
    hash = ports ? mix(hash, ports, 4) : hash;
    return hash ? hash : 1;
}

HELPER(get_hash_recalc)
{
    struct bpfcc_outcome *o = run->outcome;
    if (!o->hash_valid) {
        o->hash = flow_hash(run);
        o->hash_valid = 1;
    }
    set_field(run, SKB_HASH, o->hash);
    return o->hash;
}

HELPER(set_hash)
{
    run->outcome->hash = (uint32_t)r2;
    run->outcome->hash_valid = 1;
    set_field(run, SKB_HASH, (uint32_t)r2);
    return 0;
}

HELPER(set_hash_invalid)
{
    run->outcome->hash_valid = 0;
    set_field(run, SKB_HASH, 0);
    return 0;
}
