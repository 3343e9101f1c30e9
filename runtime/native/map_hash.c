/* hash, percpu_hash, lru_hash, lru_percpu_hash, hash_of_maps, sockhash, devmap_hash and the storages of objects. */
#include "map_hash.h"

#if defined(__SSE2__) && !defined(MAP_TSAN)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && !defined(MAP_TSAN)
#include <arm_neon.h>
#endif

enum { TRIES = 16, STORAGE_ENTRIES = 65536 };

/* ---- finding ---- */

/* Entries whose tag is `tag`: a set that MATCH_NEXT takes apart. The table's tags are at most 0xff00…: the twelfth is 0. */
#if defined(__SSE2__) && !defined(MAP_TSAN)

typedef uint32_t match_set;
MAP_INLINE match_set match(const struct bucket *bucket, uint8_t tag)
{
    /* One 16-byte load; each 8-byte half is read whole. */
    __m128i line = _mm_load_si128((const __m128i *)(const void *)bucket);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(line, _mm_set1_epi8((char)tag))) & ((1u << BUCKET_ENTRIES) - 1);
}
/* With the bucket locked: the version was stored a moment ago, and a load across it would wait for that. */
MAP_INLINE match_set match_locked(const struct bucket *bucket, uint8_t tag)
{
    __m128i tags = _mm_unpacklo_epi64(_mm_cvtsi64_si128((long long)bucket->tags_low), _mm_cvtsi32_si128((int)bucket->tags_high));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag))) & ((1u << BUCKET_ENTRIES) - 1);
}
MAP_INLINE uint32_t match_first(match_set set) { return (uint32_t)__builtin_ctz(set); }

#elif defined(__ARM_NEON) && !defined(MAP_TSAN)

typedef uint64_t match_set;
MAP_INLINE match_set match(const struct bucket *bucket, uint8_t tag)
{
    uint8x16_t same = vceqq_u8(vld1q_u8((const uint8_t *)bucket), vdupq_n_u8(tag));
    uint64_t nibbles = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(same), 4)), 0);
    return nibbles & 0x1111111111111111u & (((uint64_t)1 << 4 * BUCKET_ENTRIES) - 1);
}
#define match_locked match
MAP_INLINE uint32_t match_first(match_set set) { return (uint32_t)__builtin_ctzll(set) / 4; }

#else

typedef uint32_t match_set;
MAP_INLINE match_set match(const struct bucket *bucket, uint8_t tag)
{
    uint64_t low = __atomic_load_n(&bucket->tags_low, __ATOMIC_RELAXED);
    uint32_t high = __atomic_load_n(&bucket->tags_high, __ATOMIC_RELAXED), set = 0;
    for (uint32_t i = 0; i < 8; i++)
        set |= (uint32_t)((uint8_t)(low >> 8 * i) == tag) << i;
    for (uint32_t i = 8; i < BUCKET_ENTRIES; i++)
        set |= (uint32_t)((uint8_t)(high >> 8 * (i - 8)) == tag) << i;
    return set;
}
#define match_locked match
MAP_INLINE uint32_t match_first(match_set set) { return (uint32_t)__builtin_ctz(set); }

#endif

#define MATCH_NEXT(set) ((set) & ((set) - 1))

MAP_INLINE bool key_equal(const struct hash_map *hash, uint32_t slot, const uint8_t *key, uint32_t size)
{
    const uint64_t *words = (const uint64_t *)(const void *)(node_of(hash, slot) + sizeof(struct pool_node));
    if (size == 4 || size == 8)
        return __atomic_load_n(&words[0], __ATOMIC_RELAXED) == word_at(key, size);
    if (size == 16)
        return ((__atomic_load_n(&words[0], __ATOMIC_RELAXED) ^ word_at(key, 8)) | (__atomic_load_n(&words[1], __ATOMIC_RELAXED) ^ word_at(key + 8, 8))) == 0;
    uint32_t at = 0;
    for (; at + 8 <= size; at += 8) {
        if (__atomic_load_n(&words[at / 8], __ATOMIC_RELAXED) != word_at(key + at, 8))
            return false;
    }
    return at == size || __atomic_load_n(&words[at / 8], __ATOMIC_RELAXED) == word_at(key + at, size - at);
}

MAP_INLINE uint32_t link_of(const struct hash_map *hash, uint32_t slot)
{
    return __atomic_load_n(&((struct pool_node *)(void *)node_of(hash, slot))->link, __ATOMIC_RELAXED);
}

MAP_INLINE void set_link(const struct hash_map *hash, uint32_t slot, uint32_t next)
{
    __atomic_store_n(&((struct pool_node *)(void *)node_of(hash, slot))->link, next, __ATOMIC_RELEASE);
}

MAP_INLINE bool unchanged(const struct bucket *bucket, uint32_t version)
{
    fence_acquire();
    return __atomic_load_n(&bucket->version, __ATOMIC_RELAXED) == version;
}

/* Where an entry is: a place in the line, or behind `before` in the chain (0: first). */
struct place {
    uint32_t slot;   /* 0 = not found */
    uint32_t index;  /* BUCKET_ENTRIES = in the chain */
    uint32_t before;
};

/* With the bucket locked. */
MAP_INLINE struct place find_locked(const struct hash_map *hash, const struct bucket *bucket, uint64_t h, const uint8_t *key, uint32_t size)
{
    for (match_set set = match_locked(bucket, tag_of(h)); set; set = MATCH_NEXT(set)) {
        uint32_t index = match_first(set), slot = bucket->slots[index];
        if (key_equal(hash, slot, key, size))
            return (struct place){slot, index, 0};
    }
    for (uint32_t slot = bucket->chain, before = 0; slot; before = slot, slot = link_of(hash, slot)) {
        if (key_equal(hash, slot, key, size))
            return (struct place){slot, BUCKET_ENTRIES, before};
    }
    return (struct place){0};
}

static __attribute__((noinline)) uint32_t find_slowly(const struct hash_map *hash, struct bucket *bucket, uint64_t h, const uint8_t *key, uint32_t size)
{
    bucket_lock(bucket);
    uint32_t slot = find_locked(hash, bucket, h, key, size).slot;
    bucket_unlock(bucket);
    return slot;
}

/* 0, or a slot; *again is set when the chain changed under us. */
static __attribute__((noinline)) uint32_t find_in_chain(const struct hash_map *hash, const struct bucket *bucket, uint32_t version, const uint8_t *key, uint32_t size, bool *again)
{
    for (uint32_t slot = __atomic_load_n(&bucket->chain, __ATOMIC_ACQUIRE); slot; slot = link_of(hash, slot)) {
        bool equal = key_equal(hash, slot, key, size);
        if (!unchanged(bucket, version)) {
            *again = true;
            return 0;
        }
        if (equal)
            return slot;
    }
    *again = !unchanged(bucket, version);
    return 0;
}

/* Without a lock. */
MAP_INLINE uint32_t find(const struct hash_map *hash, const uint8_t *key, uint32_t size)
{
    uint64_t h = hash_key(hash->seed, key, size);
    struct bucket *bucket = bucket_of(hash, h);
    for (uint32_t tries = 0; tries < TRIES; tries++) {
        uint32_t version = __atomic_load_n(&bucket->version, __ATOMIC_ACQUIRE);
        match_set set = match(bucket, tag_of(h));
        bool again = false;
        while (set) {
            uint32_t slot = __atomic_load_n(&bucket->slots[match_first(set)], __ATOMIC_ACQUIRE);
            bool equal = slot && key_equal(hash, slot, key, size);
            if (MAP_UNLIKELY(!unchanged(bucket, version))) {
                again = true;
                break;
            }
            if (MAP_LIKELY(equal))
                return slot;
            set = MATCH_NEXT(set);
        }
        if (MAP_UNLIKELY(again))
            continue;
        if (MAP_LIKELY(__atomic_load_n(&bucket->chain, __ATOMIC_RELAXED) == 0))
            return 0;
        uint32_t slot = find_in_chain(hash, bucket, version, key, size, &again);
        if (!again)
            return slot;
    }
    return find_slowly(hash, bucket, h, key, size);
}

static uint32_t find_any(const struct hash_map *hash, const void *key)
{
    return find(hash, key, hash->key_bytes);
}

/* ---- lookup, a function for each usual key size ---- */

MAP_INLINE void *lookup(struct bpfcc_map *map, const void *key, uint32_t cpu, uint32_t size, bool lru, bool percpu)
{
    const struct hash_map *hash = (const struct hash_map *)map;
    if (percpu && MAP_UNLIKELY(cpu >= map->def.cpus))
        return NULL;
    uint32_t slot = find(hash, key, size);
    if (!slot)
        return NULL;
    if (lru && __atomic_load_n(&hash->states[slot], __ATOMIC_RELAXED) == LRU_LIVE)
        __atomic_store_n(&hash->states[slot], LRU_USED, __ATOMIC_RELAXED);
    return value_of(hash, slot, percpu ? cpu : 0);
}

#define LOOKUPS(name, lru, percpu)                                                                                                \
    static void *name##_4(struct bpfcc_map *map, const void *key, uint32_t cpu) { return lookup(map, key, cpu, 4, lru, percpu); } \
    static void *name##_8(struct bpfcc_map *map, const void *key, uint32_t cpu) { return lookup(map, key, cpu, 8, lru, percpu); } \
    static void *name##_16(struct bpfcc_map *map, const void *key, uint32_t cpu) { return lookup(map, key, cpu, 16, lru, percpu); } \
    static void *name##_any(struct bpfcc_map *map, const void *key, uint32_t cpu)                                                 \
    {                                                                                                                             \
        return lookup(map, key, cpu, ((const struct hash_map *)map)->key_bytes, lru, percpu);                                     \
    }                                                                                                                             \
    static void *(*const name[])(struct bpfcc_map *, const void *, uint32_t) = {name##_4, name##_8, name##_16, name##_any};

LOOKUPS(hash_lookup, false, false)
LOOKUPS(percpu_lookup, false, true)
LOOKUPS(lru_lookup, true, false)
LOOKUPS(lru_percpu_lookup, true, true)

/* ---- writing ---- */

static bool count_up(struct hash_map *hash)
{
    uint32_t count = __atomic_load_n(&hash->shared->count, __ATOMIC_RELAXED);
    do {
        if (count >= hash->limit)
            return false;
    } while (!__atomic_compare_exchange_n(&hash->shared->count, &count, count + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

static void count_down(struct hash_map *hash)
{
    __atomic_fetch_sub(&hash->shared->count, 1, __ATOMIC_RELAXED);
}

static void set_state(struct hash_map *hash, uint32_t slot, uint8_t state)
{
    if (hash->states)
        __atomic_store_n(&hash->states[slot], state, __ATOMIC_RELEASE);
}

static void set_tag(struct bucket *bucket, uint32_t index, uint8_t tag)
{
    /* Written as whole words, because readers read them so. */
    if (index < 8) {
        uint64_t tags = bucket->tags_low & ~((uint64_t)0xff << 8 * index);
        __atomic_store_n(&bucket->tags_low, tags | (uint64_t)tag << 8 * index, __ATOMIC_RELEASE);
    } else {
        uint32_t shift = 8 * (index - 8), tags = bucket->tags_high & ~(0xffu << shift);
        __atomic_store_n(&bucket->tags_high, tags | (uint32_t)tag << shift, __ATOMIC_RELEASE);
    }
}

/* With the bucket locked. */
MAP_INLINE void link_new(struct hash_map *hash, struct bucket *bucket, uint64_t h, uint32_t slot)
{
    match_set holes = match_locked(bucket, 0);
    if (MAP_LIKELY(holes)) {
        uint32_t index = match_first(holes);
        __atomic_store_n(&bucket->slots[index], slot, __ATOMIC_RELEASE);
        set_tag(bucket, index, tag_of(h));
        return;
    }
    /* At the end: whoever walks the chain backwards (hash_next) is not disturbed. */
    set_link(hash, slot, 0);
    uint32_t last = bucket->chain;
    if (!last) {
        __atomic_store_n(&bucket->chain, slot, __ATOMIC_RELEASE);
        return;
    }
    while (link_of(hash, last))
        last = link_of(hash, last);
    set_link(hash, last, slot);
}

/* Puts `slot` (0: nothing) where another entry is. With the bucket locked. */
MAP_INLINE void relink(struct hash_map *hash, struct bucket *bucket, struct place at, uint32_t slot)
{
    if (at.index < BUCKET_ENTRIES) {
        if (!slot)
            set_tag(bucket, at.index, 0);
        __atomic_store_n(&bucket->slots[at.index], slot, __ATOMIC_RELEASE);
        return;
    }
    uint32_t next = link_of(hash, at.slot);
    if (slot)
        set_link(hash, slot, next);
    else
        slot = next;
    if (at.before)
        set_link(hash, at.before, slot);
    else
        __atomic_store_n(&bucket->chain, slot, __ATOMIC_RELEASE);
}

MAP_INLINE void write_key(const struct hash_map *hash, uint32_t slot, const uint8_t *key, uint32_t size)
{
    copy_in(node_of(hash, slot) + sizeof(struct pool_node), key, size);
}

/* cpu: whose copy; EVERY_CPU: `value` holds one for each. */
#define EVERY_CPU UINT32_MAX

static void percpu_store(const struct hash_map *hash, uint32_t slot, const uint8_t *value, uint32_t cpu, bool fresh)
{
    const struct bpfcc_map *map = &hash->map;
    for (uint32_t i = 0; i < map->def.cpus; i++) {
        if (cpu == EVERY_CPU)
            value_store(map, value_of(hash, slot, i), value + (uint64_t)i * map->value_bytes, 0);
        else if (cpu == i)
            value_store(map, value_of(hash, slot, i), value, 0);
        else if (fresh)
            memset(value_of(hash, slot, i), 0, map->value_bytes);
    }
}

static int check_flags(const struct hash_map *hash, uint64_t flags)
{
    if (hash->map.percpu)
        return flags > U_EXIST ? -E_INVAL : 0;
    return check_update_flags(&hash->map, flags);
}

/* The entry exists. With the bucket locked; *retired is what the caller has to retire after unlocking it. */
MAP_INLINE int replace(struct hash_map *hash, struct bucket *bucket, struct place at, const uint8_t *key, uint32_t size, const void *value, uint64_t flags, uint32_t cpu, uint32_t *retired)
{
    if (hash->map.percpu) {
        percpu_store(hash, at.slot, value, cpu, false);
        set_state(hash, at.slot, LRU_USED);
        return 0;
    }
    if (flags & U_LOCK) {
        value_store(&hash->map, value_of(hash, at.slot, 0), value, flags);
        return 0;
    }
    struct pool_shard *shard;
    uint32_t slot = pool_swap_begin(&hash->pool, &shard);
    bool swapped = slot != 0;
    if (MAP_UNLIKELY(!slot) && !(slot = pool_get(&hash->pool)))
        return -E_NOMEM;
    write_key(hash, slot, key, size);
    value_init(&hash->map, value_of(hash, slot, 0), value);
    relink(hash, bucket, at, slot);
    set_state(hash, slot, LRU_USED);
    set_state(hash, at.slot, LRU_FREE);
    if (MAP_LIKELY(swapped))
        pool_swap_end(&hash->pool, shard, at.slot);
    else
        *retired = at.slot;
    return 0;
}

MAP_INLINE int insert(struct hash_map *hash, struct bucket *bucket, uint64_t h, const uint8_t *key, uint32_t size, const void *value, uint32_t cpu)
{
    if (!count_up(hash))
        return -E_2BIG;
    uint32_t slot = pool_get(&hash->pool);
    if (!slot) {
        count_down(hash);
        return -E_NOMEM;
    }
    write_key(hash, slot, key, size);
    if (hash->map.percpu)
        percpu_store(hash, slot, value, cpu, true);
    else
        value_init(&hash->map, value_of(hash, slot, 0), value);
    link_new(hash, bucket, h, slot);
    set_state(hash, slot, LRU_LIVE);
    return 0;
}

MAP_INLINE int update(struct hash_map *hash, const uint8_t *key, const void *value, uint64_t flags, uint32_t cpu, uint32_t size)
{
    int error = check_flags(hash, flags);
    if (MAP_UNLIKELY(error))
        return error;
    uint64_t h = hash_key(hash->seed, key, size);
    struct bucket *bucket = bucket_of(hash, h);
    for (uint32_t tries = 0;; tries++) {
        uint32_t retired = 0;
        bucket_lock(bucket);
        struct place at = find_locked(hash, bucket, h, key, size);
        if (at.slot)
            error = flags & U_NOEXIST ? -E_EXIST : replace(hash, bucket, at, key, size, value, flags, cpu, &retired);
        else
            error = flags & U_EXIST ? -E_NOENT : insert(hash, bucket, h, key, size, value, cpu);
        bucket_unlock(bucket);
        if (retired)
            pool_retire(&hash->pool, retired);
        if (MAP_LIKELY(error != -E_2BIG) || !hash->states)
            return error;
        /* Full: an LRU map makes room, and another thread may take it before us. */
        if (!lru_evict(hash) && tries > 1000)
            return -E_NOMEM;
    }
}

static int hash_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
    struct hash_map *hash = (struct hash_map *)map;
    if (map->percpu && cpu >= map->def.cpus)
        return -E_INVAL;
    switch (hash->key_bytes) {
    case 4: return update(hash, key, value, flags, cpu, 4);
    case 8: return update(hash, key, value, flags, cpu, 8);
    default: return update(hash, key, value, flags, cpu, hash->key_bytes);
    }
}

static int hash_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    return update((struct hash_map *)map, key, value, flags, EVERY_CPU, ((struct hash_map *)map)->key_bytes);
}

static void load(const struct hash_map *hash, uint32_t slot, void *value, uint64_t flags)
{
    const struct bpfcc_map *map = &hash->map;
    if (!map->percpu) {
        value_load(map, value, value_of(hash, slot, 0), flags);
        return;
    }
    memset(value, 0, (uint64_t)map->value_bytes * map->def.cpus);
    for (uint32_t cpu = 0; cpu < map->def.cpus; cpu++)
        value_load(map, (uint8_t *)value + (uint64_t)cpu * map->value_bytes, value_of(hash, slot, cpu), 0);
}

/* With `value`, the last value goes there. */
static int take(struct hash_map *hash, const uint8_t *key, void *value)
{
    uint32_t size = hash->key_bytes;
    uint64_t h = hash_key(hash->seed, key, size);
    struct bucket *bucket = bucket_of(hash, h);
    bucket_lock(bucket);
    struct place at = find_locked(hash, bucket, h, key, size);
    if (at.slot) {
        if (value)
            load(hash, at.slot, value, 0);
        relink(hash, bucket, at, 0);
        set_state(hash, at.slot, LRU_FREE);
        count_down(hash);
    }
    bucket_unlock(bucket);
    if (!at.slot)
        return -E_NOENT;
    pool_retire(&hash->pool, at.slot);
    return 0;
}

static int hash_erase(struct bpfcc_map *map, const void *key)
{
    return take((struct hash_map *)map, key, NULL);
}

static int hash_take(struct bpfcc_map *map, const void *key, void *value)
{
    return take((struct hash_map *)map, key, value);
}

static int hash_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    const struct hash_map *hash = (const struct hash_map *)map;
    /* The value may be replaced and, with every slot in use, its slot taken again while we copy: look again. */
    for (uint32_t tries = 0;; tries++) {
        uint32_t slot = find_any(hash, key);
        if (!slot)
            return -E_NOENT;
        load(hash, slot, value, flags);
        if (tries >= TRIES || find_any(hash, key) == slot)
            return 0;
    }
}

bool hash_remove_slot(struct hash_map *hash, uint32_t slot)
{
    uint32_t size = hash->key_bytes;
    uint8_t key[512], *node = node_of(hash, slot) + sizeof(struct pool_node);
    const uint8_t *at_key = node;
    if (size <= sizeof key) { /* the slot may be used again while we look for it */
        copy_out(key, node, size);
        at_key = key;
    }
    uint64_t h = hash_key(hash->seed, at_key, size);
    struct bucket *bucket = bucket_of(hash, h);
    bucket_lock(bucket);
    struct place at = find_locked(hash, bucket, h, at_key, size);
    bool mine = at.slot == slot;
    if (mine) {
        relink(hash, bucket, at, 0);
        set_state(hash, slot, LRU_FREE);
        count_down(hash);
    }
    bucket_unlock(bucket);
    if (mine)
        pool_retire(&hash->pool, slot);
    return mine;
}

/* ---- walking ---- */

/* Entry number `position` of a bucket: the line first, then the chain from its end, so that deleting an entry leaves the
 * positions of those that are still to come. With the bucket locked. */
static uint32_t chain_length(const struct hash_map *hash, const struct bucket *bucket)
{
    uint32_t length = 0;
    for (uint32_t slot = bucket->chain; slot; slot = link_of(hash, slot))
        length++;
    return length;
}

static uint32_t chain_at(const struct hash_map *hash, const struct bucket *bucket, uint32_t index)
{
    uint32_t slot = bucket->chain;
    while (slot && index--)
        slot = link_of(hash, slot);
    return slot;
}

/* Cursor: bucket << 32 | stage. Stages 0..10 are places in the line; 11 = the chain begins; 12 + i: chain entry i is next. */
static uint32_t step(const struct hash_map *hash, uint64_t *cursor, uint8_t *key)
{
    uint64_t index = *cursor >> 32;
    uint32_t stage = (uint32_t)*cursor;
    for (; index <= hash->mask; index++, stage = 0) {
        struct bucket *bucket = &hash->buckets[index];
        if (__atomic_load_n(&bucket->tags_low, __ATOMIC_RELAXED) == 0 && __atomic_load_n(&bucket->tags_high, __ATOMIC_RELAXED) == 0 &&
            __atomic_load_n(&bucket->chain, __ATOMIC_RELAXED) == 0)
            continue;
        uint32_t slot = 0;
        bucket_lock(bucket);
        while (stage < BUCKET_ENTRIES && !slot) {
            if (TAGS_ADDRESS(bucket)[stage])
                slot = bucket->slots[stage];
            stage++;
        }
        if (!slot) {
            uint32_t length = chain_length(hash, bucket), at = stage == BUCKET_ENTRIES ? length : stage - BUCKET_ENTRIES - 1;
            at = at < length ? at : length;
            if (at) {
                slot = chain_at(hash, bucket, at - 1);
                stage = BUCKET_ENTRIES + at; /* = 12 + (at - 1): at - 1 entries are left */
            }
        }
        if (slot && key)
            copy_out(key, node_of(hash, slot) + sizeof(struct pool_node), hash->key_bytes);
        bucket_unlock(bucket);
        if (slot) {
            *cursor = index << 32 | stage;
            return slot;
        }
    }
    *cursor = index << 32;
    return 0;
}

static int hash_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu)
{
    const struct hash_map *hash = (const struct hash_map *)map;
    uint32_t slot = step(hash, cursor, key);
    if (!slot)
        return -E_NOENT;
    *value = value_of(hash, slot, map->percpu ? cpu : 0);
    return 0;
}

/* The cursor just after `key`, or 0 where it is not in the map: the walk begins anew, as Linux has it. */
static uint64_t cursor_after(const struct hash_map *hash, const uint8_t *key)
{
    uint64_t h = hash_key(hash->seed, key, hash->key_bytes), cursor = 0;
    struct bucket *bucket = bucket_of(hash, h);
    bucket_lock(bucket);
    struct place at = find_locked(hash, bucket, h, key, hash->key_bytes);
    if (at.slot) {
        uint32_t stage = at.index + 1;
        if (at.index == BUCKET_ENTRIES) {
            stage = BUCKET_ENTRIES + 1;
            for (uint32_t slot = bucket->chain; slot != at.slot; slot = link_of(hash, slot))
                stage++;
        }
        cursor = (h & hash->mask) << 32 | stage;
    }
    bucket_unlock(bucket);
    return cursor;
}

static int hash_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    const struct hash_map *hash = (const struct hash_map *)map;
    uint64_t cursor = key ? cursor_after(hash, key) : 0;
    return step(hash, &cursor, next) ? 0 : -E_NOENT;
}

static uint64_t hash_count(struct bpfcc_map *map)
{
    return __atomic_load_n(&((struct hash_map *)map)->shared->count, __ATOMIC_RELAXED);
}

/* ---- making ---- */

static bool is_lru(uint32_t type)
{
    return type == MAP_LRU_HASH || type == MAP_LRU_PERCPU_HASH;
}

static bool is_percpu(uint32_t type)
{
    return type == MAP_PERCPU_HASH || type == MAP_LRU_PERCPU_HASH || type == MAP_PERCPU_CGROUP_STORAGE;
}

static bool is_storage(uint32_t type)
{
    return type == MAP_SK_STORAGE || type == MAP_INODE_STORAGE || type == MAP_TASK_STORAGE || type == MAP_CGRP_STORAGE || type == MAP_CGROUP_STORAGE ||
           type == MAP_PERCPU_CGROUP_STORAGE;
}

static int check_net(const struct bpfcc_map_def *def)
{
    bool devices = def->type == MAP_DEVMAP_HASH;
    if (def->max_entries == 0 || (devices ? def->key_size != 4 : def->key_size == 0) || (def->value_size != 4 && def->value_size != 8))
        return -E_INVAL;
    if (def->flags & ~(uint32_t)(F_NUMA_NODE | F_RDONLY | F_WRONLY))
        return -E_INVAL;
    if ((def->flags & (F_RDONLY | F_WRONLY)) == (F_RDONLY | F_WRONLY))
        return -E_INVAL;
    return !devices && def->key_size > 512 ? -E_2BIG : 0;
}

int hash_check(const struct bpfcc_map_def *def)
{
    if (def->type == MAP_DEVMAP_HASH || def->type == MAP_SOCKHASH)
        return check_net(def);
    uint32_t flags = def->flags, allowed = F_NO_PREALLOC | F_NO_COMMON_LRU | F_NUMA_NODE | F_ACCESS | F_ZERO_SEED;
    bool lru = is_lru(def->type), percpu = is_percpu(def->type);
    if ((flags & ~allowed) || !map_access_ok(flags) || (!lru && (flags & F_NO_COMMON_LRU)))
        return -E_INVAL;
    if (lru && (flags & F_NO_PREALLOC))
        return -E_NOTSUPP;
    if ((flags & F_NUMA_NODE) && (percpu || (flags & F_NO_COMMON_LRU)))
        return -E_INVAL;
    if (def->max_entries == 0 || def->key_size == 0 || def->value_size == 0)
        return -E_INVAL;
    if (def->type == MAP_HASH_OF_MAPS && def->value_size != 4)
        return -E_INVAL;
    if ((uint64_t)def->key_size + def->value_size >= KMALLOC_MAX - 48)
        return -E_2BIG;
    if (percpu && ROUND_UP((uint64_t)def->value_size, 8) > PERCPU_VALUE_MAX)
        return -E_2BIG;
    return def->max_entries > (uint32_t)1 << 31 ? -E_2BIG : 0;
}

int storage_check(const struct bpfcc_map_def *def)
{
    if (def->type == MAP_CGROUP_STORAGE || def->type == MAP_PERCPU_CGROUP_STORAGE) {
        /* struct bpf_cgroup_storage_key, or the cgroup's id alone */
        uint64_t most = is_percpu(def->type) ? PERCPU_VALUE_MAX : 4096;
        if ((def->key_size != 16 && def->key_size != 8) || def->value_size == 0 || def->max_entries)
            return -E_INVAL;
        if (def->value_size > most)
            return -E_2BIG;
        return (def->flags & ~(uint32_t)(F_NUMA_NODE | F_ACCESS)) || !map_access_ok(def->flags) ? -E_INVAL : 0;
    }
    if ((def->flags & ~(uint32_t)(F_NO_PREALLOC | F_CLONE)) || !(def->flags & F_NO_PREALLOC) || def->max_entries || def->key_size != 4 || !def->value_size)
        return -E_INVAL;
    return def->value_size > 65535 - 64 ? -E_2BIG : 0;
}

static uint32_t limit_of(const struct bpfcc_map_def *def)
{
    if (is_storage(def->type))
        return STORAGE_ENTRIES;
    if (!(def->flags & F_NO_COMMON_LRU))
        return def->max_entries;
    /* The same share for each CPU. */
    uint64_t up = ROUND_UP((uint64_t)def->max_entries, def->cpus);
    return up <= UINT32_MAX ? (uint32_t)up : def->max_entries / def->cpus * def->cpus;
}

static uint64_t bucket_count(uint64_t entries)
{
    uint64_t buckets = 1;
    while (buckets * 6 < entries) /* at most six of eleven places full, on average */
        buckets *= 2;
    return buckets;
}

/* Tables of maps, devices and sockets: what they name is looked after from outside (but sockets by programs, too). */

static int named_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
    return map->def.type == MAP_SOCKHASH ? hash_update(map, key, value, flags, cpu) : -E_OPNOTSUPP;
}

static int named_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    if (map->def.type == MAP_DEVMAP_HASH) {
        if (flags > U_EXIST || word_at(value, 4) == 0)
            return -E_INVAL;
        flags &= U_NOEXIST; /* as Linux: BPF_EXIST asks for nothing here */
    }
    return hash_write(map, key, value, flags);
}

static int named_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    if (map->def.type == MAP_SOCKHASH && map->def.value_size != 8)
        return -E_NOSPC;
    return hash_read(map, key, value, flags);
}

static const struct map_ops named_ops = {
    .lookup = hash_lookup_any, .update = named_update, .erase = hash_erase, .read = named_read, .write = named_write,
    .take = map_no_take, .next_key = hash_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,
    .each = hash_each, .count = hash_count, .destroy = map_release,
};

static bool is_named(uint32_t type)
{
    return type == MAP_HASH_OF_MAPS || type == MAP_DEVMAP_HASH || type == MAP_SOCKHASH;
}

#define HASH_OPS(name)                                                                                                      \
    static const struct map_ops name##_ops = {                                                                              \
        .lookup = name##_lookup_any, .update = hash_update, .erase = hash_erase, .read = hash_read, .write = hash_write,    \
        .take = hash_take, .next_key = hash_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,           \
        .each = hash_each, .count = hash_count, .destroy = map_release,                                                     \
    };

HASH_OPS(hash)
HASH_OPS(percpu)
HASH_OPS(lru)
HASH_OPS(lru_percpu)

static void pick_lookup(struct hash_map *hash, bool lru, bool percpu)
{
    uint32_t size = hash->key_bytes, i = size == 4 ? 0 : size == 8 ? 1 : size == 16 ? 2 : 3;
    hash->map.head.lookup = lru ? (percpu ? lru_percpu_lookup : lru_lookup)[i] : (percpu ? percpu_lookup : hash_lookup)[i];
}

int hash_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    bool lru = is_lru(def->type), percpu = is_percpu(def->type);
    uint32_t limit = limit_of(def);
    bool object = is_storage(def->type) && def->key_size == 4;
    uint32_t key_bytes = object ? 8 : def->key_size;
    uint64_t stride = VALUE_STRIDE(def), size = 0;
    uint64_t slots = (uint64_t)limit + pool_spare(limit, stride * (percpu ? def->cpus : 1), (def->flags & F_NO_PREALLOC) != 0);
    uint64_t node_bytes = sizeof(struct pool_node) + ROUND_UP((uint64_t)key_bytes, 8);
    uint64_t buckets = bucket_count(limit), cpu_bytes = percpu_entries(slots + 1) * stride;
    uint64_t shared_at = arena_plan(&size, 1, sizeof(struct hash_shared), MAP_LINE);
    uint64_t buckets_at = arena_plan(&size, buckets, sizeof(struct bucket), MAP_LINE);
    uint64_t states_at = arena_plan(&size, lru ? slots + 1 : 0, 1, MAP_LINE);
    uint64_t nodes_at = arena_plan(&size, slots + 1, node_bytes, MAP_LINE);
    uint64_t values_at = arena_plan(&size, percpu ? def->cpus : 1, cpu_bytes, 4096);
    const struct map_ops *ops = is_named(def->type) ? &named_ops : lru ? percpu ? &lru_percpu_ops : &lru_ops : percpu ? &percpu_ops : &hash_ops;
    struct hash_map *hash = (struct hash_map *)map_allocate(def, ops, sizeof *hash, size);
    if (!hash)
        return -E_NOMEM;
    uint8_t *base = hash->map.arena.base;
    hash->map.percpu = percpu;
    hash->map.def.max_entries = is_storage(def->type) ? def->max_entries : limit;
    hash->shared = (struct hash_shared *)(void *)(base + shared_at);
    hash->buckets = (struct bucket *)(void *)(base + buckets_at);
    hash->states = lru ? base + states_at : NULL;
    hash->nodes = base + nodes_at;
    hash->node_bytes = (uint32_t)node_bytes;
    hash->key_bytes = key_bytes;
    hash->limit = limit;
    hash->mask = buckets - 1;
    hash->seed = def->flags & F_ZERO_SEED ? 0 : platform_random();
    pool_init(&hash->pool, &hash->shared->pool, hash->nodes, hash->node_bytes, (uint32_t)slots);
    map_set_area(&hash->map, values_at, cpu_bytes * (percpu ? def->cpus : 1), (uint32_t)stride, percpu ? cpu_bytes : 0);
    pick_lookup(hash, lru, percpu);
    *result = &hash->map;
    return 0;
}
