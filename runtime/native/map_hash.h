/* Hash maps: the parts that map_hash.c (operations) and map_lru.c (eviction) share.
 *
 * A power-of-two table of cache lines. A line holds eleven entries, each an 8-bit tag and the 32-bit number of a slot;
 * what does not fit hangs behind it as a list of slots. Slots hold key and value in two areas of fixed stride.
 *
 *   bucket: tag[11] 0 | version | chain | slot[11]        node: link stamp | key …        value: …
 *
 * Readers take no lock. Entries never move, a new value is published by storing its slot number once, and the
 * version (odd while a writer is inside) tells a reader that what it looked at may have been used again meanwhile.
 */
#ifndef BPFCC_MAP_HASH_H
#define BPFCC_MAP_HASH_H

#include "map_internal.h"
#include "map_pool.h"

enum { BUCKET_ENTRIES = 11 };

struct bucket {
    _Alignas(MAP_LINE) uint64_t tags_low; /* entries 0..7 */
    uint32_t tags_high;                   /* entries 8..10, and a byte that stays zero */
    uint32_t version;
    uint32_t chain;
    uint32_t slots[BUCKET_ENTRIES];
};
_Static_assert(sizeof(struct bucket) == MAP_LINE, "a bucket is a cache line");

/* Lies in the arena, zeroed. */
struct hash_shared {
    _Alignas(MAP_LINE) uint32_t count;
    _Alignas(MAP_LINE) uint32_t hand; /* LRU: where the search for a victim goes on */
    _Alignas(MAP_LINE) struct pool_shared pool;
};

enum lru_state { LRU_FREE = 0, LRU_LIVE = 1, LRU_USED = 2 };

struct hash_map {
    struct bpfcc_map map;
    struct bucket *buckets;
    uint64_t mask;
    uint64_t seed;
    uint8_t *nodes;
    uint32_t node_bytes, node_shift; /* shift: 0 when the size is no power of two */
    uint32_t key_bytes, limit;
    uint8_t *states;                 /* LRU: enum lru_state of each slot, else NULL */
    struct hash_shared *shared;
    struct pool pool;
};

#define TAGS_ADDRESS(bucket) ((uint8_t *)&(bucket)->tags_low)

MAP_INLINE void bucket_lock(struct bucket *bucket)
{
    uint32_t spins = 0;
    for (;;) {
        uint32_t version = __atomic_load_n(&bucket->version, __ATOMIC_RELAXED);
        if (MAP_LIKELY(!(version & 1)) && __atomic_compare_exchange_n(&bucket->version, &version, version + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        spin_wait(&spins);
    }
}

MAP_INLINE void bucket_unlock(struct bucket *bucket)
{
    __atomic_store_n(&bucket->version, __atomic_load_n(&bucket->version, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
}

MAP_INLINE uint8_t *node_of(const struct hash_map *hash, uint32_t slot)
{
    return hash->nodes + (uint64_t)slot * hash->node_bytes;
}

MAP_INLINE uint8_t *value_of(const struct hash_map *hash, uint32_t slot, uint32_t cpu)
{
    return hash->map.head.values + cpu * hash->map.head.cpu_bytes + (uint64_t)slot * hash->map.head.stride;
}

MAP_INLINE uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

MAP_INLINE uint64_t word_at(const void *bytes, uint32_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
    return word;
}

#define HASH_ODD1 0x9e3779b97f4a7c15u
#define HASH_ODD2 0xd6e8feb86659fd93u

/* Seeded, and every bit of the key reaches every bit of the result through at least one full multiplication. */
MAP_INLINE uint64_t hash_key(uint64_t seed, const uint8_t *key, uint32_t size)
{
    if (size == 4)
        return mix(word_at(key, 4) ^ seed ^ HASH_ODD2, HASH_ODD1);
    if (size == 8)
        return mix(word_at(key, 8) ^ seed, HASH_ODD1);
    if (size == 16)
        return mix(word_at(key, 8) ^ seed, mix(word_at(key + 8, 8) ^ HASH_ODD2, HASH_ODD1 ^ seed) | 1);
    uint64_t hash = seed ^ size * HASH_ODD2;
    uint32_t at = 0;
    for (; at + 8 <= size; at += 8)
        hash = mix(hash ^ word_at(key + at, 8), HASH_ODD1);
    if (at < size)
        hash = mix(hash ^ word_at(key + at, size - at), HASH_ODD1);
    return mix(hash, HASH_ODD2);
}

MAP_INLINE uint8_t tag_of(uint64_t hash)
{
    return (uint8_t)(hash >> 57 | 0x80);
}

MAP_INLINE struct bucket *bucket_of(const struct hash_map *hash, uint64_t h)
{
    return &hash->buckets[h & hash->mask];
}

/* LRU: make room for one entry at least; false when nothing could be evicted. */
bool lru_evict(struct hash_map *hash);
/* Take the entry of this very slot out of the table; false when it is not in there any more. */
bool hash_remove_slot(struct hash_map *hash, uint32_t slot);

#endif
