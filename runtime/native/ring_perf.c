/* perf_event_array: a ring for each CPU, and how many samples found no room in it. */
#include "ring.h"

struct perf_map {
    struct bpfcc_map map;
    uint32_t rings, next_cpu;
    uint64_t ring_bytes;
    uint8_t *shared, *data;
    struct map_event event;
};

enum { PERF_DEFAULT_BYTES = 256 << 10, PERF_SAMPLE_MAX = 65535 - 8 };
#define PERF_CURRENT_CPU 0xffffffffu

int perf_check(const struct bpfcc_map_def *def)
{
    uint32_t allowed = F_NUMA_NODE | F_ACCESS | F_PRESERVE_ELEMS;
    if (def->max_entries == 0 || def->key_size != 4 || def->value_size != 4 || (def->flags & ~allowed) || !map_access_ok(def->flags))
        return -E_INVAL;
    if (def->flags & (F_RDONLY_PROG | F_WRONLY_PROG)) /* there are no values that programs could access */
        return -E_INVAL;
    return def->extra && ((def->extra & (def->extra - 1)) || def->extra < 4096 || def->extra > (uint64_t)1 << 30) ? -E_INVAL : 0;
}

static struct perf_map *perf_of(struct bpfcc_map *map)
{
    return map->def.type == MAP_PERF_EVENT_ARRAY ? (struct perf_map *)map : NULL;
}

static struct ring ring_of_cpu(const struct perf_map *perf, uint32_t cpu)
{
    return (struct ring){
        (struct ring_shared *)(void *)(perf->shared + cpu * sizeof(struct ring_shared)), perf->data + 2 * perf->ring_bytes * cpu, perf->ring_bytes};
}

int bpfcc_perf_output(struct bpfcc_map *map, uint32_t cpu, uint64_t flags, const void *data, uint64_t size, const void *more, uint64_t more_size)
{
    struct perf_map *perf = perf_of(map);
    if (!perf || flags >> 32)
        return -E_INVAL;
    uint32_t index = (uint32_t)flags == PERF_CURRENT_CPU ? cpu : (uint32_t)flags;
    if (index >= map->def.max_entries)
        return -E_2BIG;
    if (index >= perf->rings)
        return -E_NOENT;
    /* Linux's events are bound to their CPU. */
    if (index != cpu)
        return -E_OPNOTSUPP;
    if (size > PERF_SAMPLE_MAX || more_size > PERF_SAMPLE_MAX - size)
        return -E_2BIG;
    struct ring ring = ring_of_cpu(perf, index);
    uint8_t *record = ring_begin(&ring, size + more_size);
    if (!record)
        return -E_NOSPC;
    memcpy(record, data, size);
    if (more_size)
        memcpy(record + size, more, more_size);
    if (ring_end(&ring, record, false))
        event_signal(&perf->event);
    return 0;
}

int64_t bpfcc_perf_read(struct bpfcc_map *map, uint32_t cpu, void *buffer, uint64_t size, uint64_t *needed)
{
    struct perf_map *perf = perf_of(map);
    if (!perf || cpu >= perf->rings)
        return -E_INVAL;
    struct ring ring = ring_of_cpu(perf, cpu);
    return ring_copy(&ring, buffer, size, needed);
}

uint64_t bpfcc_perf_lost(struct bpfcc_map *map, uint32_t cpu)
{
    struct perf_map *perf = perf_of(map);
    if (!perf || cpu >= perf->rings)
        return 0;
    return __atomic_exchange_n(&ring_of_cpu(perf, cpu).shared->lost, 0, __ATOMIC_RELAXED);
}

static bool any_ready(void *argument)
{
    const struct perf_map *perf = argument;
    for (uint32_t cpu = 0; cpu < perf->rings; cpu++) {
        struct ring ring = ring_of_cpu(perf, cpu);
        if (ring_has_record(&ring))
            return true;
    }
    return false;
}

int bpfcc_perf_wait(struct bpfcc_map *map, int64_t timeout_ms)
{
    struct perf_map *perf = perf_of(map);
    if (!perf)
        return -E_INVAL;
    return event_wait(&perf->event, any_ready, perf, timeout_ms < 0 ? -1 : timeout_ms * 1000000);
}

/* The slots hold the rings, which cannot be exchanged: there is nothing to update or to delete. */
static int perf_erase(struct bpfcc_map *map, const void *key)
{
    uint32_t index;
    memcpy(&index, key, 4);
    return index >= map->def.max_entries ? -E_2BIG : -E_NOENT;
}

static int perf_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    uint32_t index = UINT32_MAX, following = 0;
    if (key)
        memcpy(&index, key, 4);
    if (index < map->def.max_entries)
        following = index + 1;
    if (following == map->def.max_entries)
        return -E_NOENT;
    memcpy(next, &following, 4);
    return 0;
}

static uint64_t perf_count(struct bpfcc_map *map)
{
    return ((struct perf_map *)map)->rings;
}

static void perf_destroy(struct bpfcc_map *map)
{
    event_destroy(&((struct perf_map *)map)->event);
    map_release(map);
}

static const struct map_ops perf_ops = {
    .lookup = map_no_lookup, .update = map_no_update, .erase = perf_erase, .read = map_no_read, .write = map_no_write,
    .take = map_no_take, .next_key = perf_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,
    .each = map_no_each, .count = perf_count, .destroy = perf_destroy,
};

int perf_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    uint32_t rings = def->cpus < def->max_entries ? def->cpus : def->max_entries;
    uint64_t size = 0, bytes = def->extra ? def->extra : PERF_DEFAULT_BYTES;
    uint64_t shared_at = arena_plan(&size, rings, sizeof(struct ring_shared), MAP_LINE);
    uint64_t data_at = arena_plan(&size, rings, 2 * bytes, 4096);
    struct perf_map *perf = (struct perf_map *)map_allocate(def, &perf_ops, sizeof *perf, size);
    if (!perf)
        return -E_NOMEM;
    perf->rings = rings;
    perf->ring_bytes = bytes;
    perf->shared = perf->map.arena.base + shared_at;
    perf->data = perf->map.arena.base + data_at;
    event_init(&perf->event);
    *result = &perf->map;
    return 0;
}
