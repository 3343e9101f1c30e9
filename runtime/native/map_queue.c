/* queue, stack, bloom_filter: maps without keys. */
#include "map_internal.h"

/* ---- queue and stack: one ring of values; the queue takes from the tail, the stack from the head ---- */

struct queue_shared {
    _Alignas(MAP_LINE) uint32_t lock;
    uint32_t head, tail; /* of entries + 1 places, one stays empty */
};

struct queue_map {
    struct bpfcc_map map;
    struct queue_shared *shared;
    uint32_t places;
    bool last_in_first_out;
};

int queue_check(const struct bpfcc_map_def *def)
{
    if (def->max_entries == 0 || def->key_size != 0 || def->value_size == 0 || (def->flags & ~(uint32_t)(F_NUMA_NODE | F_ACCESS)) || !map_access_ok(def->flags))
        return -E_INVAL;
    return def->value_size > KMALLOC_MAX ? -E_2BIG : 0;
}

static void *place_at(const struct queue_map *queue, uint32_t index)
{
    return queue->map.head.values + (uint64_t)index * queue->map.head.stride;
}

static uint32_t after(const struct queue_map *queue, uint32_t index)
{
    return index + 1 == queue->places ? 0 : index + 1;
}

static int queue_push(struct bpfcc_map *map, const void *value, uint64_t flags)
{
    struct queue_map *queue = (struct queue_map *)map;
    struct queue_shared *shared = queue->shared;
    if ((flags & U_NOEXIST) || flags > U_EXIST)
        return -E_INVAL;
    spin_lock(&shared->lock);
    uint32_t next = after(queue, shared->head);
    bool full = next == shared->tail;
    if (!full || flags & U_EXIST) {
        if (full)
            shared->tail = after(queue, shared->tail);
        copy_in(place_at(queue, shared->head), value, map->def.value_size);
        shared->head = next;
    }
    spin_unlock(&shared->lock);
    return full && !(flags & U_EXIST) ? -E_2BIG : 0;
}

static int queue_get(struct bpfcc_map *map, void *value, bool remove)
{
    struct queue_map *queue = (struct queue_map *)map;
    struct queue_shared *shared = queue->shared;
    spin_lock(&shared->lock);
    bool empty = shared->head == shared->tail;
    if (empty) {
        memset(value, 0, map->def.value_size);
    } else if (queue->last_in_first_out) {
        uint32_t last = shared->head ? shared->head - 1 : queue->places - 1;
        copy_out(value, place_at(queue, last), map->def.value_size);
        if (remove)
            shared->head = last;
    } else {
        copy_out(value, place_at(queue, shared->tail), map->def.value_size);
        if (remove)
            shared->tail = after(queue, shared->tail);
    }
    spin_unlock(&shared->lock);
    return empty ? -E_NOENT : 0;
}

static int queue_pop(struct bpfcc_map *map, void *value) { return queue_get(map, value, true); }
static int queue_peek(struct bpfcc_map *map, void *value) { return queue_get(map, value, false); }

static int queue_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    (void)flags;
    return key ? -E_INVAL : queue_get(map, value, false);
}

static int queue_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    return key ? -E_INVAL : queue_push(map, value, flags);
}

static int queue_take(struct bpfcc_map *map, const void *key, void *value)
{
    return key ? -E_INVAL : queue_get(map, value, true);
}

static int queue_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    (void)map, (void)key, (void)next;
    return -E_INVAL;
}

static uint64_t queue_count(struct bpfcc_map *map)
{
    struct queue_map *queue = (struct queue_map *)map;
    spin_lock(&queue->shared->lock);
    uint32_t count = (queue->shared->head + queue->places - queue->shared->tail) % queue->places;
    spin_unlock(&queue->shared->lock);
    return count;
}

/* The entries in the order in which pop gives them. */
static int queue_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu)
{
    (void)key, (void)cpu;
    struct queue_map *queue = (struct queue_map *)map;
    uint64_t count = queue_count(map), nth = *cursor;
    if (nth >= count)
        return -E_NOENT;
    ++*cursor;
    spin_lock(&queue->shared->lock);
    uint64_t index = queue->last_in_first_out ? (uint64_t)queue->shared->head + queue->places - 1 - nth : queue->shared->tail + nth;
    spin_unlock(&queue->shared->lock);
    *value = place_at(queue, (uint32_t)(index % queue->places));
    return 0;
}

static const struct map_ops queue_ops = {
    .lookup = map_no_lookup, .update = map_no_update, .erase = map_no_erase, .read = queue_read, .write = queue_write,
    .take = queue_take, .next_key = queue_next_key, .push = queue_push, .pop = queue_pop, .peek = queue_peek,
    .each = queue_each, .count = queue_count, .destroy = map_release,
};

int queue_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    uint64_t places = (uint64_t)def->max_entries + 1, stride = ROUND_UP((uint64_t)def->value_size, 8), size = 0;
    if (places > UINT32_MAX)
        return -E_NOMEM;
    uint64_t shared_at = arena_plan(&size, 1, sizeof(struct queue_shared), MAP_LINE);
    uint64_t values_at = arena_plan(&size, places, stride, MAP_LINE);
    struct queue_map *queue = (struct queue_map *)map_allocate(def, &queue_ops, sizeof *queue, size);
    if (!queue)
        return -E_NOMEM;
    queue->shared = (struct queue_shared *)(void *)(queue->map.arena.base + shared_at);
    queue->places = (uint32_t)places;
    queue->last_in_first_out = def->type == MAP_STACK;
    map_set_area(&queue->map, values_at, places * stride, (uint32_t)stride, 0);
    *result = &queue->map;
    return 0;
}

/* ---- bloom filter ---- */

struct bloom_map {
    struct bpfcc_map map;
    uint64_t *bits;
    uint64_t mask;
    uint64_t seed;
    uint32_t hashes;
};

enum { BLOOM_DEFAULT_HASHES = 5 };

int bloom_check(const struct bpfcc_map_def *def)
{
    uint32_t allowed = F_NUMA_NODE | F_ZERO_SEED | F_ACCESS;
    if (def->value_size > 0x7fffffff)
        return -E_2BIG;
    if (def->key_size != 0 || def->value_size == 0 || def->max_entries == 0 || (def->flags & ~allowed) || !map_access_ok(def->flags) || (def->extra & ~(uint64_t)0xf))
        return -E_INVAL;
    return def->value_size > KMALLOC_MAX ? -E_2BIG : 0;
}

static uint64_t bloom_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Two independent hashes give all the others: h1 + i * h2 (Kirsch and Mitzenmacher). */
static void bloom_hash(const struct bloom_map *bloom, const void *value, uint64_t *first, uint64_t *step)
{
    const uint8_t *bytes = value;
    uint32_t size = bloom->map.def.value_size;
    uint64_t hash = bloom->seed ^ size;
    for (uint32_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
        hash = bloom_mix(hash ^ word, 0x9e3779b97f4a7c15u);
    }
    *first = bloom_mix(hash, 0xd6e8feb86659fd93u);
    *step = bloom_mix(hash ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu) | 1;
}

static int bloom_push(struct bpfcc_map *map, const void *value, uint64_t flags)
{
    struct bloom_map *bloom = (struct bloom_map *)map;
    uint64_t hash, step;
    if (flags != U_ANY)
        return -E_INVAL;
    bloom_hash(bloom, value, &hash, &step);
    for (uint32_t i = 0; i < bloom->hashes; i++, hash += step)
        __atomic_fetch_or(&bloom->bits[(hash & bloom->mask) / 64], (uint64_t)1 << (hash & 63), __ATOMIC_RELAXED);
    return 0;
}

static int bloom_peek(struct bpfcc_map *map, void *value)
{
    struct bloom_map *bloom = (struct bloom_map *)map;
    uint64_t hash, step;
    bloom_hash(bloom, value, &hash, &step);
    for (uint32_t i = 0; i < bloom->hashes; i++, hash += step) {
        if (!(__atomic_load_n(&bloom->bits[(hash & bloom->mask) / 64], __ATOMIC_RELAXED) >> (hash & 63) & 1))
            return -E_NOENT;
    }
    return 0;
}

static int bloom_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    (void)flags;
    return key ? -E_INVAL : bloom_peek(map, value);
}

static int bloom_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    return key ? -E_INVAL : bloom_push(map, value, flags);
}

static int bloom_erase(struct bpfcc_map *map, const void *key)
{
    (void)map, (void)key;
    return -E_OPNOTSUPP;
}

static const struct map_ops bloom_ops = {
    .lookup = map_no_lookup, .update = map_no_update, .erase = bloom_erase, .read = bloom_read, .write = bloom_write,
    .take = map_no_take, .next_key = map_no_next, .push = bloom_push, .pop = map_no_pop, .peek = bloom_peek,
    .each = map_no_each, .count = map_no_count, .destroy = map_release,
};

/* entries * hashes / ln 2 bits, to the next power of two: the rate of false positives is then about 2^-hashes. */
static uint64_t bloom_bits(const struct bpfcc_map_def *def, uint32_t hashes)
{
    uint64_t wanted = (uint64_t)def->max_entries * hashes * 7 / 5, bits = 64;
    while (bits < wanted && bits < (uint64_t)1 << 32)
        bits *= 2;
    return bits;
}

int bloom_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    uint32_t hashes = def->extra ? (uint32_t)def->extra : BLOOM_DEFAULT_HASHES;
    uint64_t bits = bloom_bits(def, hashes);
    struct bloom_map *bloom = (struct bloom_map *)map_allocate(def, &bloom_ops, sizeof *bloom, bits / 8);
    if (!bloom)
        return -E_NOMEM;
    bloom->bits = (uint64_t *)(void *)bloom->map.arena.base;
    bloom->mask = bits - 1;
    bloom->seed = def->flags & F_ZERO_SEED ? 0 : platform_random();
    bloom->hashes = hashes;
    *result = &bloom->map;
    return 0;
}
