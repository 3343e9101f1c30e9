/* Tail calls, maps of maps, calls eight deep. */
#include "windows.h"

int second(struct xdp_md_t *context);
int third(struct xdp_md_t *context);
struct { __uint(type, PROG_ARRAY); __uint(key_size, 4); __uint(value_size, 4); __uint(max_entries, 8); __array(values, int(void *)); }
    programs SEC(".maps") = {.values = {[1] = (void *)&second, [5] = (void *)&third}};
struct inner { __uint(type, HASH); __type(key, u32); __type(value, u32); __uint(max_entries, 128); };
struct inner even SEC(".maps"), odd SEC(".maps");
struct { __uint(type, ARRAY_OF_MAPS); __type(key, u32); __uint(max_entries, 4); __array(values, struct inner); } kinds
    SEC(".maps") = {.values = {[0] = &even, [3] = &odd}};
struct { __uint(type, ARRAY); __type(key, u32); __type(value, u32); __uint(max_entries, 8); } results SEC(".maps");

INLINE void count(u32 at, u32 by)
{
    u32 *found = map_lookup(&results, &at);
    if (found)
        *found += by;
}

#define LEVEL(name, next) \
    APART u32 name(u32 value, u32 depth) { \
        volatile u64 own[8]; \
        for (u32 i = 0; i < 8; i++) own[i] = value + i * depth; \
        u32 below = next; \
        u64 sum = 0; \
        for (u32 i = 0; i < 8; i++) sum += own[i]; \
        return (u32)sum ^ below; \
    }
LEVEL(level7, value * 3)
LEVEL(level6, level7(value + 1, depth + 1))
LEVEL(level5, level6(value ^ 5, depth + 1))
LEVEL(level4, level5(value + 7, depth + 1))
LEVEL(level3, level4(value * 9, depth + 1))
LEVEL(level2, level3(value - 2, depth + 1))
LEVEL(level1, level2(value + 4, depth + 1))

SEC("xdp/first") int first(struct xdp_md_t *context)
{
    u8 *packet = context->data, *end = context->data_end;
    if (packet + 4 > end)
        return XDP_DROP;
    u32 which = packet[0] & 7, kind = packet[1] & 3, key = packet[2], value = level1(packet[3], 1);
    void *map = map_lookup(&kinds, &kind);
    if (map) {
        u32 *known = map_lookup(map, &key);
        if (known)
            *known += value;
        else
            map_update(map, &key, &value, 0);
    }
    i64 failed = tail_call(context, &programs, which);
    count(which, failed < 0 ? 1 : 1000);
    return XDP_PASS;
}

SEC("xdp/second") int second(struct xdp_md_t *context)
{
    count(6, 1);
    tail_call(context, &programs, 5);
    return XDP_TX;
}

SEC("xdp/third") int third(struct xdp_md_t *context)
{
    u8 *packet = context->data, *end = context->data_end;
    count(7, 1);
    /* It calls itself until there have been enough. */
    if (packet + 4 <= end && packet[3] & 1)
        tail_call(context, &programs, 5);
    return XDP_DROP;
}
