/* Where packets go: redirects noted as verdicts, routes that the caller gave, device limits. */
#include "helper.h"

enum {
    XDP_ABORTED_RESULT = 0,
    XDP_REDIRECT_RESULT = 4,
    TC_SHOT_RESULT = 2,
    TC_REDIRECT_RESULT = 7,
    FLAG_INGRESS = 1,
    FLAG_BROADCAST = 8,
    FLAG_EXCLUDE_INGRESS = 16,
    LINK_BYTES = 14,
};

static void note(struct bpfcc_run *run, uint32_t kind, uint32_t ifindex, uint64_t flags)
{
    run->outcome->redirect = (struct bpfcc_redirect){.kind = kind, .ifindex = ifindex, .flags = flags};
}

HELPER(redirect)
{
    int xdp = run->outcome->program_type == BPFCC_TYPE_XDP;
    if (r2 & (xdp ? ~(uint64_t)0 : ~(uint64_t)FLAG_INGRESS))
        return xdp ? XDP_ABORTED_RESULT : TC_SHOT_RESULT;
    note(run, BPFCC_REDIRECT_DEVICE, (uint32_t)r1, r2);
    return xdp ? XDP_REDIRECT_RESULT : TC_REDIRECT_RESULT;
}

HELPER(redirect_peer)
{
    if (r2)
        return TC_SHOT_RESULT;
    note(run, BPFCC_REDIRECT_PEER, (uint32_t)r1, r2);
    return TC_REDIRECT_RESULT;
}

HELPER(redirect_neigh)
{
    enum { PARAMS_BYTES = 20 };
    uint32_t size = (uint32_t)r3;
    if ((size && size < PARAMS_BYTES) || r4)
        return TC_SHOT_RESULT;
    const uint8_t *params = size ? bpfcc_access(run, r2, size, 0) : NULL;
    if (size && !params)
        return TC_SHOT_RESULT;
    note(run, BPFCC_REDIRECT_NEIGHBOUR, (uint32_t)r1, r4);
    if (params) {
        run->outcome->redirect.family = bpfcc_get32(params);
        memcpy(run->outcome->redirect.next_hop, params + 4, 16);
    }
    return TC_REDIRECT_RESULT;
}

static uint64_t flags_of_map(uint32_t type)
{
    return type == BPFCC_MAP_DEVMAP || type == BPFCC_MAP_DEVMAP_HASH ? FLAG_BROADCAST | FLAG_EXCLUDE_INGRESS : 0;
}

HELPER(redirect_map)
{
    enum { ACTIONS = 3 };
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    uint32_t key = (uint32_t)r2, target = 0;
    if (!bound)
        return XDP_ABORTED_RESULT;
    if (bound->type != BPFCC_MAP_DEVMAP && bound->type != BPFCC_MAP_DEVMAP_HASH && bound->type != BPFCC_MAP_CPUMAP && bound->type != BPFCC_MAP_XSKMAP) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r1, 0);
        return XDP_ABORTED_RESULT;
    }
    if (r3 & ~(ACTIONS | flags_of_map(bound->type)))
        return XDP_ABORTED_RESULT;
    const void *value = bpfcc_map_lookup(bound->map, &key, run->cpu);
    if (value)
        memcpy(&target, value, sizeof target);
    /* An entry of 0 is an empty one: no device, a queue of no length. A socket may have any number but is there or not. */
    if ((!value || (!target && bound->type != BPFCC_MAP_XSKMAP)) && !(r3 & FLAG_BROADCAST))
        return r3 & ACTIONS;
    note(run, BPFCC_REDIRECT_MAP, 0, r3);
    run->outcome->redirect.map_id = bound->id;
    run->outcome->redirect.key = r2;
    run->outcome->redirect.target = target;
    return XDP_REDIRECT_RESULT;
}

static const struct bpfcc_device *device(const struct bpfcc_state *state, uint32_t ifindex)
{
    for (uint32_t i = 0; i < state->device_count; i++)
        if (state->devices[i].ifindex == ifindex)
            return &state->devices[i];
    return NULL;
}

HELPER(clone_redirect)
{
    uint8_t head[16];
    if (r3 & ~(uint64_t)FLAG_INGRESS)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (run->state->device_count && !device(run->state, (uint32_t)r2))
        return BPFCC_ERR(BPFCC_EINVAL);
    bpfcc_put32(head, (uint32_t)r2);
    bpfcc_put32(head + 4, 0);
    bpfcc_put64(head + 8, r3);
    bpfcc_log_add(run, BPFCC_LOG_CLONE, head, sizeof head, run->packet + run->packet_data, run->packet_end - run->packet_data);
    bpfcc_packet_moved(run);
    return 0;
}

/* ---- limits of a device --------------------------------------------------------------------------------------------- */

HELPER(check_mtu)
{
    enum { FRAG_NEEDED = 1, SEGS = 1 };
    int xdp = run->outcome->program_type == BPFCC_TYPE_XDP;
    uint8_t *length_at = bpfcc_access(run, r3, 4, 1);
    if (!length_at)
        return BPFCC_ERR(BPFCC_EFAULT);
    uint32_t asked = bpfcc_get32(length_at), ifindex = (uint32_t)r2 ? (uint32_t)r2 : run->outcome->ifindex;
    if (r5 & (xdp ? ~(uint64_t)0 : ~(uint64_t)SEGS) || (r5 & SEGS && ((int32_t)r4 || asked)))
        return BPFCC_ERR(BPFCC_EINVAL);
    const struct bpfcc_device *dev = device(run->state, ifindex);
    if (!dev)
        return BPFCC_ERR(BPFCC_ENODEV);
    int64_t length = asked ? (int64_t)asked + LINK_BYTES : (int64_t)run->packet_end - run->packet_data;
    length += (int32_t)r4;
    bpfcc_put32(length_at, dev->mtu);
    return length > (int64_t)dev->mtu + LINK_BYTES ? FRAG_NEEDED : 0;
}

/* ---- routes ----------------------------------------------------------------------------------------------------------- */

enum fib_flags {
    FIB_DIRECT = 1,
    FIB_OUTPUT = 2,
    FIB_SKIP_NEIGHBOUR = 4,
    FIB_TABLE = 8,
    FIB_SOURCE = 16,
    FIB_MARK = 32,
    FIB_KNOWN = 63,
};

enum fib_result {
    FIB_SUCCESS = 0,
    FIB_BLACKHOLE = 1,
    FIB_UNREACHABLE = 2,
    FIB_PROHIBIT = 3,
    FIB_NOT_FORWARDED = 4,
    FIB_DISABLED = 5,
    FIB_NO_NEIGHBOUR = 7,
    FIB_FRAG_NEEDED = 8,
    FIB_NO_SOURCE = 9,
};

/* struct bpf_fib_lookup. */
enum {
    FIB_FAMILY = 0,
    FIB_TOT_LEN = 6,
    FIB_IFINDEX = 8,
    FIB_METRIC = 12,
    FIB_SRC = 16,
    FIB_DST = 32,
    FIB_VLAN = 48,
    FIB_SMAC = 52,
    FIB_DMAC = 58,
    FIB_BYTES = 64,
    INET = 2,
    INET6 = 10,
    MAIN_TABLE = 254,
};

static int prefix_matches(const uint8_t *prefix, const uint8_t *address, uint32_t bits)
{
    uint32_t whole = bits / 8, rest = bits % 8;
    if (memcmp(prefix, address, whole))
        return 0;
    return !rest || !((prefix[whole] ^ address[whole]) >> (8 - rest));
}

/* The longest prefix; of equals the smallest metric, then the first given. */
static const struct bpfcc_route *find_route(const struct bpfcc_state *state, uint32_t family, const uint8_t *address, uint32_t table)
{
    const struct bpfcc_route *best = NULL;
    for (uint32_t i = 0; i < state->route_count; i++) {
        const struct bpfcc_route *r = &state->routes[i];
        if (r->family != family || r->table != table || r->prefix_bits > (family == INET ? 32u : 128u) || !prefix_matches(r->prefix, address, r->prefix_bits))
            continue;
        if (!best || r->prefix_bits > best->prefix_bits || (r->prefix_bits == best->prefix_bits && r->metric < best->metric))
            best = r;
    }
    return best;
}

static uint64_t follow(uint8_t *params, const struct bpfcc_route *route, uint64_t flags, uint32_t length)
{
    int family = params[FIB_FAMILY];
    if (length && length > route->mtu && route->mtu) {
        params[FIB_TOT_LEN] = (uint8_t)route->mtu;
        params[FIB_TOT_LEN + 1] = (uint8_t)(route->mtu >> 8);
        return FIB_FRAG_NEEDED;
    }
    bpfcc_put32(params + FIB_METRIC, route->metric);
    bpfcc_put32(params + FIB_IFINDEX, route->ifindex);
    if (flags & FIB_SOURCE) {
        if (!route->has_source)
            return FIB_NO_SOURCE;
        memcpy(params + FIB_SRC, route->source, family == INET ? 4 : 16);
    }
    if (route->gateway_family == INET6)
        params[FIB_FAMILY] = INET6;
    if (route->gateway_family)
        memcpy(params + FIB_DST, route->gateway, route->gateway_family == INET ? 4 : 16);
    if (!(flags & FIB_SKIP_NEIGHBOUR)) {
        if (!route->neighbour)
            return FIB_NO_NEIGHBOUR;
        memcpy(params + FIB_DMAC, route->dmac, 6);
        memcpy(params + FIB_SMAC, route->smac, 6);
    }
    memset(params + FIB_VLAN, 0, 4);
    if (route->mtu) {
        params[FIB_TOT_LEN] = (uint8_t)route->mtu;
        params[FIB_TOT_LEN + 1] = (uint8_t)(route->mtu >> 8);
    }
    return FIB_SUCCESS;
}

/* Loopback, link-local and multicast addresses, which the kernel never forwards, whatever the routes say. */
static int stays_on_link(const uint8_t *v6)
{
    static const uint8_t loopback[16] = {[15] = 1};
    return v6[0] == 0xff || (v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80) || !memcmp(v6, loopback, sizeof loopback);
}

HELPER(fib_lookup)
{
    uint8_t *params = (uint32_t)r3 >= FIB_BYTES ? bpfcc_access(run, r2, (uint32_t)r3, 1) : NULL;
    if (!params || r4 & ~(uint64_t)FIB_KNOWN)
        return BPFCC_ERR(BPFCC_EINVAL);
    uint32_t family = params[FIB_FAMILY], table = r4 & FIB_DIRECT && r4 & FIB_TABLE ? bpfcc_get32(params + FIB_VLAN) : MAIN_TABLE;
    if (family != INET && family != INET6)
        return BPFCC_ERR(BPFCC_EAFNOSUPPORT);
    if (family == INET6 && (stays_on_link(params + FIB_DST) || stays_on_link(params + FIB_SRC)))
        return FIB_NOT_FORWARDED;
    const struct bpfcc_device *dev = device(run->state, bpfcc_get32(params + FIB_IFINDEX));
    if (run->state->device_count && !dev)
        return BPFCC_ERR(BPFCC_ENODEV);
    if (dev && !dev->forwarding)
        return FIB_DISABLED;
    const struct bpfcc_route *route = find_route(run->state, family, params + FIB_DST, table ? table : MAIN_TABLE);
    if (!route)
        return FIB_NOT_FORWARDED;
    switch (route->kind) {
    case BPFCC_ROUTE_UNICAST:
        return follow(params, route, r4, bpfcc_get16(params + FIB_TOT_LEN));
    case BPFCC_ROUTE_BLACKHOLE:
        return FIB_BLACKHOLE;
    case BPFCC_ROUTE_UNREACHABLE:
        return FIB_UNREACHABLE;
    case BPFCC_ROUTE_PROHIBIT:
        return FIB_PROHIBIT;
    default:
        return FIB_NOT_FORWARDED;
    }
}
