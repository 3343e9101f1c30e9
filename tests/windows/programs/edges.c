/* What is seldom: results of half a register, buffers that stay as they were, atomics, odd names, sections with many programs. */
#include "windows.h"

#define NAMED(name) __asm__(name)
HELPER(void *, map_take, 4, void *map, const void *key);
HELPER(i32, string_copy, 27, char *to, u64 room, const char *from, u64 size);
HELPER(i32, string_append, 28, char *to, u64 room, const char *from, u64 size);
/* As programs for Linux have it: results are 64 bits wide. */
HELPER(i64, csum_long, 10, void *from, u64 from_size, void *to, u64 to_size, u64 seed);
HELPER(i64, ringbuf_long, 11, void *map, void *data, u64 size, u64 flags);
HELPER(u64, prandom_long, 6, void);

struct { __uint(type, ARRAY); __type(key, u32); __type(value, u64); __uint(max_entries, 16); } sums NAMED("register") SEC(".maps");
struct { __uint(type, PERCPU_ARRAY); __type(key, u32); __type(value, u64); __uint(max_entries, 4); } each_cpu NAMED("far.cpu$0") SEC(".maps");
struct { __uint(type, PERCPU_HASH); __type(key, u32); __type(value, u64); __uint(max_entries, 64); } counted SEC(".maps");
struct { __uint(type, LRU_HASH); __type(key, u64); __type(value, u64); __uint(max_entries, 8); } recent
    NAMED("name_of_a_map_that_has_as_many_letters_as_there_may_be_63_bytes") SEC(".maps");
struct { __uint(type, LPM_TRIE); __uint(key_size, 8); __type(value, u32); __uint(max_entries, 32); } routes SEC(".maps");
struct { __uint(type, QUEUE); __type(value, u64); __uint(max_entries, 3); } queue SEC(".maps");
struct { __uint(type, STACK); __type(value, u32[5]); __uint(max_entries, 2); } stack SEC(".maps");
struct { __uint(type, RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct inner { __uint(type, ARRAY); __type(key, u32); __type(value, u64); __uint(max_entries, 2); } low SEC(".maps"), high SEC(".maps");
struct { __uint(type, HASH_OF_MAPS); __type(key, u32); __uint(max_entries, 4); __array(values, struct inner); } kinds
    SEC(".maps") = {.values = {[0] = &low, [2] = &high}};

static volatile u64 seen;
static volatile i64 last_result = -77;
static const volatile u32 primes[6] = {2, 3, 5, 7, 11, 0xfffffffb};

INLINE void add(u32 at, u64 by)
{
    u64 *found = map_lookup(&sums, &at);
    if (found)
        __sync_fetch_and_add(found, by);
}

APART u64 mixed(u64 a, i64 b, u64 constant)
{
    u64 own[6] = {a, (u64)b, a ^ constant, __builtin_bswap64(a), __builtin_bswap32((u32)a), __builtin_bswap16((u16)b)};
    i64 s = b / (i64)(a | 1) + (i64)a % (b | 2) + (i32)b / ((i32)a | 4) + (i32)a % ((i32)b | 8);
    u64 u = a / (constant | 1) + constant % ((u64)b | 1) + (u32)a / ((u32)b | 16) + (u32)constant % ((u32)a | 32);
    for (u32 i = 0; i < 6; i++)
        u = u * 31 + own[i] + (u64)(i64)(signed char)own[i] + (u64)(i64)(short)(own[i] >> 3) + (u64)(i64)(i32)(own[i] >> 7);
    return u ^ (u64)s;
}

/* Where a helper writes nothing or a part, what is there counts. */
APART u64 left_behind(u32 kind)
{
    u64 value[2];
    if (kind & 1)
        map_pop(&stack, value);
    else
        memory_copy(value, 16, &kind, 4);
    return value[0] + value[1];
}

SEC("xdp") int narrow(struct xdp_md_t *context) NAMED("int");
int narrow(struct xdp_md_t *context)
{
    u8 *packet = context->data, *end = context->data_end;
    u64 value = 5, bits = 0;
    if (packet + 8 > end)
        return XDP_DROP;
    value = *(u64 *)packet;
    bits |= map_push(&queue, &value, packet[0] & 3) < 0;
    bits |= (u64)(map_pop(&queue, &value) == -7) << 1;
    bits |= (u64)(map_pop(&queue, &value) == -7) << 2;
    bits |= (u64)(map_peek(&queue, &value) < 0) << 3;
    for (u32 i = 0; i < 4; i++)
        bits |= (u64)(map_push(&queue, &value, 0) < 0) << (4 + i);
    bits |= (u64)(csum_long(0, 0, packet, 8, 0) < 0) << 8;
    bits |= (u64)(csum_long(packet, 4, packet + 4, 4, 0xfffffff0) < 0) << 9;
    bits |= (u64)(ringbuf_long(&ring, packet, 8, 0) < 0) << 10;
    bits |= (u64)(memory_set(&value, 8, packet[1]) != 0) << 11;
    bits |= (u64)(memory_copy(&value, 4, packet, 8) == -22) << 12;
    bits |= (u64)(prandom_long() >> 32 != 0) << 13;
    bits |= (u64)(cpu() >> 32 != 0) << 14;
    last_result = map_push(&queue, &value, 0);
    bits |= (u64)(last_result == -29) << 15;
    add(0, bits);
    add(1, value);
    seen += left_behind(packet[2]);
    return (int)(bits ^ left_behind(packet[3]));
}

SEC("xdp") int atomics(struct xdp_md_t *context) NAMED("far");
int atomics(struct xdp_md_t *context)
{
    u8 *packet = context->data, *end = context->data_end;
    u32 at = 3, key;
    u64 *found = map_lookup(&sums, &at), old;
    if (packet + 16 > end || !found)
        return XDP_DROP;
    u64 by = *(u64 *)(packet + 8);
    old = __sync_fetch_and_add(found, by) ^ __sync_fetch_and_or(found, by << 3) ^ __sync_fetch_and_and(found, ~by) ^ __sync_fetch_and_xor(found, 7);
    old ^= __sync_val_compare_and_swap(found, old, by) ^ __sync_lock_test_and_set(found, by >> 1);
    u32 *half = (u32 *)found;
    old ^= __sync_fetch_and_add(half, (u32)by) ^ __sync_fetch_and_or(half + 1, (u32)by) ^ __sync_val_compare_and_swap(half, (u32)old, 1);
    old ^= __sync_lock_test_and_set(half, 0xfffffff0);
    old ^= *half;
    key = packet[0] & 7;
    u64 *mine = map_lookup(&each_cpu, &key);
    if (mine)
        *mine += old;
    i64 result = map_update(&counted, &key, &old, packet[1] & 3);
    result += 100 * map_update(&each_cpu, &key, &old, packet[2] & 1);
    result += 10000 * map_update(&sums, &key, &old, packet[3] & 1);
    u32 gone = packet[4] & 31;
    result += 1000000 * map_delete(&sums, &gone);
    result += 100000000 * map_delete(&counted, &gone);
    add(4, (u64)result);
    return (int)(old ^ (u64)result);
}

SEC("xdp") int arithmetic(struct xdp_md_t *context)
    NAMED("program_with_a_name_as_long_as_loaders_take_them_63_bytes_in_it");
int arithmetic(struct xdp_md_t *context)
{
    u8 *packet = context->data, *end = context->data_end;
    if (packet + 16 > end)
        return XDP_PASS;
    u64 a = *(u64 *)packet, b = *(u64 *)(packet + 8), sum = seen;
    sum += mixed(a, (i64)b, 0x123456789abcdef0) + mixed(b, (i64)(a | 0x8000000000000000), 0xffffffff80000000);
    sum += mixed(1ull << 63, -1, ~0ull) + mixed(0, 0, 0);
    u32 which = packet[3] % 6;
    sum *= primes[which];
    struct { u32 length; u8 host[4]; } route = {8 + packet[4] % 25, {packet[5] & 1, packet[6] & 3, packet[7], 1}}, any = {32, {packet[5] & 1, packet[8] & 3, 1, 1}};
    u32 hop = packet[9];
    map_update(&routes, &route, &hop, 0);
    u32 *next = map_lookup(&routes, &any);
    sum += next ? *next : 1;
    u64 key = packet[10] & 15;
    map_update(&recent, &key, &sum, 0);
    u32 kind = packet[11] & 3, place = packet[12] & 3;
    void *inner = map_lookup(&kinds, &kind);
    if (inner) {
        u64 *found = map_lookup(inner, &place);
        if (found)
            *found += sum;
    }
    char text[12] = "edge: ";
    i32 done = string_append(text, sizeof text, (const char *)packet, 6);
    done ^= string_copy(text + 6, 6, (const char *)packet + 8, 4 + (packet[13] & 3));
    u32 row[5] = {(u32)sum, (u32)done, text[0], text[7], text[11]};
    map_push(&stack, row, 2);
    seen = sum;
    return (int)(sum ^ (sum >> 32) ^ (u32)done);
}

/* Two programs whose names are the same once they are C. */
SEC("xdp/one.of-many names") int twin_a(struct xdp_md_t *context) NAMED("twin.x");
int twin_a(struct xdp_md_t *context) { return context->ingress_ifindex > 1 ? XDP_PASS : XDP_TX; }
SEC("xdp/one.of-many names") int twin_b(struct xdp_md_t *context) NAMED("twin$x");
int twin_b(struct xdp_md_t *context) { return context->ingress_ifindex > 2 ? XDP_DROP : XDP_TX; }

/* Sixty-four in all, in as many sections. */
#define PROGRAM(n) \
    SEC("xdp/many/" #n) int many_##n(struct xdp_md_t *context) { u32 at = 5 + n % 8; add(at, n + context->ingress_ifindex); return n % 3 + 1; }
#define EIGHT(n) PROGRAM(n##0) PROGRAM(n##1) PROGRAM(n##2) PROGRAM(n##3) PROGRAM(n##4) PROGRAM(n##5) PROGRAM(n##6) PROGRAM(n##7)
EIGHT(1) EIGHT(2) EIGHT(3) EIGHT(4) EIGHT(5) EIGHT(6) EIGHT(7)
PROGRAM(80) PROGRAM(81) PROGRAM(82)
