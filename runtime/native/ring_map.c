/* ringbuf: one ring for all CPUs. */
#include "ring.h"

struct ring_map {
    struct bpfcc_map map;
    struct ring ring;
    struct map_event event;
};

enum { QUERY_AVAILABLE = 0, QUERY_SIZE = 1, QUERY_CONSUMER = 2, QUERY_PRODUCER = 3 };

int ring_check(const struct bpfcc_map_def *def)
{
    uint32_t bytes = def->max_entries;
    /* Programs are written for pages of 4096 bytes, whatever they are here. */
    bool size_ok = bytes != 0 && (bytes & (bytes - 1)) == 0 && bytes % 4096 == 0;
    return def->flags & ~(uint32_t)F_NUMA_NODE || def->key_size || def->value_size || !size_ok ? -E_INVAL : 0;
}

static struct ring_map *ring_of(struct bpfcc_map *map)
{
    return map->def.type == MAP_RINGBUF ? (struct ring_map *)map : NULL;
}

void *bpfcc_ring_reserve(struct bpfcc_map *map, uint64_t size, uint64_t flags)
{
    struct ring_map *ring = ring_of(map);
    return ring && flags == 0 ? ring_begin(&ring->ring, size) : NULL;
}

void bpfcc_ring_commit(struct bpfcc_map *map, void *record, uint64_t flags, int discard)
{
    struct ring_map *ring = ring_of(map);
    bool awaited = ring && ring_end(&ring->ring, record, discard != 0);
    if (ring && ((flags & RING_FORCE_WAKEUP) || (awaited && !(flags & RING_NO_WAKEUP))))
        event_signal(&ring->event);
}

int bpfcc_ring_output(struct bpfcc_map *map, const void *data, uint64_t size, uint64_t flags)
{
    struct ring_map *ring = ring_of(map);
    if (!ring || flags & ~(uint64_t)(RING_NO_WAKEUP | RING_FORCE_WAKEUP))
        return -E_INVAL;
    uint8_t *record = ring_begin(&ring->ring, size);
    if (!record)
        return -E_AGAIN;
    memcpy(record, data, size);
    bpfcc_ring_commit(map, record, flags, 0);
    return 0;
}

uint64_t bpfcc_ring_query(struct bpfcc_map *map, uint64_t what)
{
    struct ring_map *ring = ring_of(map);
    if (!ring)
        return 0;
    uint64_t consumer = __atomic_load_n(&ring->ring.shared->consumer, __ATOMIC_ACQUIRE);
    uint64_t producer = __atomic_load_n(&ring->ring.shared->producer, __ATOMIC_ACQUIRE);
    switch (what) {
    case QUERY_AVAILABLE: return producer - consumer;
    case QUERY_SIZE: return ring->ring.bytes;
    case QUERY_CONSUMER: return consumer;
    case QUERY_PRODUCER: return producer;
    default: return 0;
    }
}

int64_t bpfcc_ring_read(struct bpfcc_map *map, void *buffer, uint64_t size, uint64_t *needed)
{
    struct ring_map *ring = ring_of(map);
    return ring ? ring_copy(&ring->ring, buffer, size, needed) : -E_INVAL;
}

static bool ready(void *ring)
{
    return ring_has_record(ring);
}

int bpfcc_ring_wait(struct bpfcc_map *map, int64_t timeout_ms)
{
    struct ring_map *ring = ring_of(map);
    if (!ring)
        return -E_INVAL;
    return event_wait(&ring->event, ready, &ring->ring, timeout_ms < 0 ? -1 : timeout_ms * 1000000);
}

static int ring_no_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    (void)map, (void)key, (void)value, (void)flags;
    return -E_NOTSUPP;
}

static int ring_no_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    (void)map, (void)key, (void)value, (void)flags;
    return -E_NOTSUPP;
}

static int ring_no_erase(struct bpfcc_map *map, const void *key)
{
    (void)map, (void)key;
    return -E_NOTSUPP;
}

static int ring_no_next(struct bpfcc_map *map, const void *key, void *next)
{
    (void)map, (void)key, (void)next;
    return -E_NOTSUPP;
}

static void ring_destroy(struct bpfcc_map *map)
{
    event_destroy(&((struct ring_map *)map)->event);
    map_release(map);
}

static const struct map_ops ring_ops = {
    .lookup = map_no_lookup, .update = map_no_update, .erase = ring_no_erase, .read = ring_no_read, .write = ring_no_write,
    .take = map_no_take, .next_key = ring_no_next, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,
    .each = map_no_each, .count = map_no_count, .destroy = ring_destroy,
};

int ring_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    uint64_t size = 0;
    uint64_t shared_at = arena_plan(&size, 1, sizeof(struct ring_shared), MAP_LINE);
    uint64_t data_at = arena_plan(&size, 2, def->max_entries, 4096);
    struct ring_map *ring = (struct ring_map *)map_allocate(def, &ring_ops, sizeof *ring, size);
    if (!ring)
        return -E_NOMEM;
    uint8_t *base = ring->map.arena.base;
    ring->ring = (struct ring){(struct ring_shared *)(void *)(base + shared_at), base + data_at, def->max_entries};
    event_init(&ring->event);
    map_set_area(&ring->map, data_at, 2 * (uint64_t)def->max_entries, 0, 0);
    *result = &ring->map;
    return 0;
}
