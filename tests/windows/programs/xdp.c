/* Maps of several kinds, global variables, a function that is called, atomics, and packets that are written. */
#include "windows.h"

struct { __uint(type, ARRAY); __type(key, u32); __type(value, u64[3]); __uint(max_entries, 11); } protocols SEC(".maps");
struct { __uint(type, HASH); __type(key, u32); __type(value, u64); __uint(max_entries, 4096); } flows SEC(".maps");
struct { __uint(type, PERCPU_ARRAY); __type(key, u32); __type(value, u32); __uint(max_entries, 4); } sizes SEC(".maps");
struct { __uint(type, LRU_HASH); __type(key, u16); __type(value, u32); __uint(max_entries, 64); } ports SEC(".maps");

volatile u32 limit = 40, seen;
static volatile u64 bytes_of[4];
const volatile u8 marks[4] = {1, 2, 3, 5};

APART u32 mixed(const u8 *at, u32 seed)
{
    u8 copy[24] = {0};
    for (u32 i = 0; i < 20; i++)
        copy[i] = at[i] ^ (u8)(seed >> (i & 7));
    u32 found = seed;
    for (u32 i = 0; i < 20; i++)
        found = (found << 5 | found >> 27) + copy[i] * 0x9e3779b1u;
    return found;
}

SEC("xdp") int filter(struct xdp_md_t *context)
{
    u8 *packet = context->data, *end = context->data_end;
    u32 key = 0;
    u64 guard[2] = {0x1122334455667788ull, context->ingress_ifindex};
    seen++;
    if (packet + 34 > end) {
        u32 *size = map_lookup(&sizes, &key);
        if (size)
            __sync_fetch_and_add(size, 1);
        return packet + 14 > end ? XDP_DROP : XDP_PASS;
    }
    key = packet[23];
    u64 *counter = map_lookup(&protocols, &key);
    if (counter) {
        __sync_fetch_and_add(&counter[0], 1);
        counter[1] += (u64)(end - packet);
        counter[2] = __sync_lock_test_and_set(&counter[2], key) ^ packet[0];
    }
    u32 hash = mixed(packet + 14, *(u32 *)(packet + 26));
    u64 *flow = map_lookup(&flows, &hash);
    if (flow)
        __sync_fetch_and_add(flow, 1);
    else {
        u64 one = 1;
        map_update(&flows, &hash, &one, 0);
    }
    if (packet[23] == 17 && packet + 42 <= end) {
        u16 port = __builtin_bswap16(*(u16 *)(packet + 36));
        u32 *known = map_lookup(&ports, &port), value = hash;
        if (known)
            value = *known / (port & 15) + *known % (port & 7);
        map_update(&ports, &port, &value, 0);
        if (port == 53) {
            packet[22]--;
            *(u16 *)(packet + 24) = 0;
            return XDP_TX;
        }
    }
    bytes_of[hash & 3] += (u64)(end - packet);
    /* Another frame's bytes are not this one's. */
    if (guard[0] != 0x1122334455667788ull || guard[1] != context->ingress_ifindex)
        return 99;
    i32 ratio = (i32)hash / ((i32)packet[15] - 128);
    return packet[22] < limit || marks[hash >> 3 & 3] == 5 || ratio < -5000000 ? XDP_DROP : XDP_PASS;
}
