/* Making maps, and what is the same for every kind: access rules, dispatch, batches. */
#include "map_internal.h"

#include <stdlib.h>

/* ---- values ---- */

static void value_lock(const struct bpfcc_map *map, void *slot)
{
    spin_lock((uint32_t *)((uint8_t *)slot + map->lock_offset));
}

static void value_unlock(const struct bpfcc_map *map, void *slot)
{
    spin_unlock((uint32_t *)((uint8_t *)slot + map->lock_offset));
}

/* Calls copy(from, to) for each run of bytes that is neither lock nor timer. */
static void around_fields(const struct bpfcc_map *map, uint8_t *to, const uint8_t *from)
{
    uint64_t size = map->def.value_size, at = 0;
    while (at < size) {
        uint64_t next = size, skip = 0;
        if (map->lock_offset != NO_FIELD && map->lock_offset >= at && map->lock_offset < next)
            next = map->lock_offset, skip = LOCK_BYTES;
        if (map->timer_offset != NO_FIELD && map->timer_offset >= at && map->timer_offset < next)
            next = map->timer_offset, skip = TIMER_BYTES;
        memcpy(to + at, from + at, next - at);
        at = next + skip;
    }
}

void value_init(const struct bpfcc_map *map, void *slot, const void *from)
{
    copy_in(slot, from, map->def.value_size);
    if (MAP_UNLIKELY(map_has_fields(map))) {
        if (map->lock_offset != NO_FIELD)
            memset((uint8_t *)slot + map->lock_offset, 0, LOCK_BYTES);
        if (map->timer_offset != NO_FIELD)
            memset((uint8_t *)slot + map->timer_offset, 0, TIMER_BYTES);
    }
}

void value_store(const struct bpfcc_map *map, void *slot, const void *from, uint64_t flags)
{
    if (MAP_LIKELY(!map_has_fields(map))) {
        copy_in(slot, from, map->def.value_size);
        return;
    }
    if (flags & U_LOCK)
        value_lock(map, slot);
    around_fields(map, slot, from);
    if (flags & U_LOCK)
        value_unlock(map, slot);
}

void value_load(const struct bpfcc_map *map, void *to, const void *slot, uint64_t flags)
{
    if (MAP_LIKELY(!map_has_fields(map))) {
        copy_out(to, slot, map->def.value_size);
        return;
    }
    memset(to, 0, map->def.value_size);
    if (flags & U_LOCK)
        value_lock(map, (void *)(uintptr_t)slot);
    around_fields(map, to, slot);
    if (flags & U_LOCK)
        value_unlock(map, (void *)(uintptr_t)slot);
}

/* ---- what a kind cannot do ---- */

void *map_no_lookup(struct bpfcc_map *map, const void *key, uint32_t cpu) { (void)map, (void)key, (void)cpu; return NULL; }
int map_no_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
    (void)map, (void)key, (void)value, (void)flags, (void)cpu;
    return -E_INVAL;
}
int map_no_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags) { (void)map, (void)key, (void)value, (void)flags; return -E_INVAL; }
int map_no_erase(struct bpfcc_map *map, const void *key) { (void)map, (void)key; return -E_INVAL; }
int map_no_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags) { (void)map, (void)key, (void)value, (void)flags; return -E_NOTSUPP; }
int map_no_take(struct bpfcc_map *map, const void *key, void *value) { (void)map, (void)key, (void)value; return -E_NOTSUPP; }
int map_no_next(struct bpfcc_map *map, const void *key, void *next) { (void)map, (void)key, (void)next; return -E_OPNOTSUPP; }
int map_no_push(struct bpfcc_map *map, const void *value, uint64_t flags) { (void)map, (void)value, (void)flags; return -E_OPNOTSUPP; }
int map_no_pop(struct bpfcc_map *map, void *value) { (void)map, (void)value; return -E_OPNOTSUPP; }
int map_no_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu) { (void)map, (void)cursor, (void)key, (void)value, (void)cpu; return -E_OPNOTSUPP; }
uint64_t map_no_count(struct bpfcc_map *map) { (void)map; return 0; }

/* ---- making ---- */

bool map_access_ok(uint32_t flags)
{
    return (flags & (F_RDONLY | F_WRONLY)) != (F_RDONLY | F_WRONLY) && (flags & (F_RDONLY_PROG | F_WRONLY_PROG)) != (F_RDONLY_PROG | F_WRONLY_PROG);
}

struct bpfcc_map *map_allocate(const struct bpfcc_map_def *def, const struct map_ops *ops, size_t bytes, uint64_t size)
{
    struct bpfcc_map *map = calloc(1, bytes);
    if (!map)
        return NULL;
    if (arena_reserve(&map->arena, size) != 0) {
        free(map);
        return NULL;
    }
    map->def = *def;
    map->ops = ops;
    map->head.lookup = ops->lookup;
    map->value_bytes = (uint32_t)ROUND_UP((uint64_t)def->value_size, 8);
    map->lock_offset = NO_FIELD;
    map->timer_offset = NO_FIELD;
    return map;
}

void map_release(struct bpfcc_map *map)
{
    arena_release(&map->arena);
    free(map);
}

void map_set_area(struct bpfcc_map *map, uint64_t offset, uint64_t bytes, uint32_t stride, uint64_t cpu_bytes)
{
    map->head.values = map->arena.base + offset;
    map->head.stride = stride;
    map->head.cpu_bytes = cpu_bytes;
    map->area_bytes = bytes;
}

struct map_kind {
    int (*check)(const struct bpfcc_map_def *def);
    int (*create)(const struct bpfcc_map_def *def, struct bpfcc_map **map);
};

static const struct map_kind kinds[] = {
    [MAP_HASH] = {hash_check, hash_create},
    [MAP_ARRAY] = {array_check, array_create},
    [MAP_PROG_ARRAY] = {slots_check, slots_create},
    [MAP_PERF_EVENT_ARRAY] = {perf_check, perf_create},
    [MAP_PERCPU_HASH] = {hash_check, hash_create},
    [MAP_PERCPU_ARRAY] = {array_check, array_create},
    [MAP_STACK_TRACE] = {stack_trace_check, stack_trace_create},
    [MAP_CGROUP_ARRAY] = {slots_check, slots_create},
    [MAP_LRU_HASH] = {hash_check, hash_create},
    [MAP_LRU_PERCPU_HASH] = {hash_check, hash_create},
    [MAP_LPM_TRIE] = {lpm_check, lpm_create},
    [MAP_ARRAY_OF_MAPS] = {slots_check, slots_create},
    [MAP_HASH_OF_MAPS] = {hash_check, hash_create},
    [MAP_DEVMAP] = {slots_check, slots_create},
    [MAP_SOCKMAP] = {slots_check, slots_create},
    [MAP_CPUMAP] = {slots_check, slots_create},
    [MAP_XSKMAP] = {slots_check, slots_create},
    [MAP_SOCKHASH] = {hash_check, hash_create},
    [MAP_CGROUP_STORAGE] = {storage_check, hash_create},
    [MAP_REUSEPORT_SOCKARRAY] = {slots_check, slots_create},
    [MAP_PERCPU_CGROUP_STORAGE] = {storage_check, hash_create},
    [MAP_QUEUE] = {queue_check, queue_create},
    [MAP_STACK] = {queue_check, queue_create},
    [MAP_SK_STORAGE] = {storage_check, hash_create},
    [MAP_DEVMAP_HASH] = {hash_check, hash_create},
    [MAP_RINGBUF] = {ring_check, ring_create},
    [MAP_INODE_STORAGE] = {storage_check, hash_create},
    [MAP_TASK_STORAGE] = {storage_check, hash_create},
    [MAP_BLOOM_FILTER] = {bloom_check, bloom_create},
    [MAP_CGRP_STORAGE] = {storage_check, hash_create},
};

int bpfcc_map_create(const struct bpfcc_map_def *given, struct bpfcc_map **map)
{
    struct bpfcc_map_def def = *given;
    if (def.type >= sizeof kinds / sizeof kinds[0] || !kinds[def.type].create)
        return -E_INVAL;
    if (def.cpus == 0)
        def.cpus = 1;
    if (def.cpus > 4096)
        return -E_INVAL;
    /* Linux has no use for map_extra here; we let it size the per-CPU rings. */
    if (def.extra && def.type != MAP_BLOOM_FILTER && def.type != MAP_PERF_EVENT_ARRAY)
        return -E_INVAL;
    int error = kinds[def.type].check(&def);
    return error ? error : kinds[def.type].create(&def, map);
}

void bpfcc_map_free(struct bpfcc_map *map)
{
    if (map)
        map->ops->destroy(map);
}

int bpfcc_map_area(const struct bpfcc_map *map, struct bpfcc_map_area *area)
{
    *area = (struct bpfcc_map_area){
        .host = map->head.values,
        .size = map->area_bytes,
        .stride = map->head.stride,
        .element = map->def.type == MAP_RINGBUF ? 0 : map->def.value_size,
        .cpu_bytes = map->head.cpu_bytes,
    };
    return 0;
}

const struct bpfcc_map_def *bpfcc_map_definition(const struct bpfcc_map *map)
{
    return &map->def;
}

int bpfcc_map_set_fields(struct bpfcc_map *map, uint32_t lock_offset, uint32_t timer_offset)
{
    uint64_t size = map->def.value_size;
    bool lock = lock_offset != NO_FIELD, timer = timer_offset != NO_FIELD;
    if (lock && (lock_offset % 4 || (uint64_t)lock_offset + LOCK_BYTES > size))
        return -E_INVAL;
    if (timer && (timer_offset % 8 || (uint64_t)timer_offset + TIMER_BYTES > size))
        return -E_INVAL;
    map->lock_offset = lock_offset;
    map->timer_offset = timer_offset;
    return 0;
}

/* ---- dispatch ---- */

void *bpfcc_map_lookup(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    return map->head.lookup(map, key, cpu);
}

int bpfcc_map_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
    if (MAP_UNLIKELY(map->def.flags & F_RDONLY_PROG))
        return -E_ACCES;
    return map->ops->update(map, key, value, flags, cpu);
}

int bpfcc_map_delete(struct bpfcc_map *map, const void *key)
{
    if (MAP_UNLIKELY(map->def.flags & F_RDONLY_PROG))
        return -E_ACCES;
    return map->ops->erase(map, key);
}

static int may_read(const struct bpfcc_map *map)
{
    return map->def.flags & F_WRONLY ? -E_PERM : 0;
}

static int may_write(const struct bpfcc_map *map)
{
    return (map->def.flags & F_RDONLY) || __atomic_load_n(&map->frozen, __ATOMIC_RELAXED) ? -E_PERM : 0;
}

int bpfcc_map_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    /* In bpf(2)'s order: unknown flags, then access, then the lock that is not there. */
    int error = flags & ~(uint64_t)U_LOCK ? -E_INVAL : may_read(map);
    if (!error && (flags & U_LOCK) && map->lock_offset == NO_FIELD)
        error = -E_INVAL;
    if (error)
        return error;
    uint32_t ticket = bpfcc_run_enter();
    error = map->ops->read(map, key, value, flags);
    bpfcc_run_leave(ticket);
    return error;
}

int bpfcc_map_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    int error = may_write(map);
    /* Asked before the kind sees the flags, as bpf(2) does. */
    if (!error && (flags & U_LOCK) && map->lock_offset == NO_FIELD)
        error = -E_INVAL;
    if (error)
        return error;
    uint32_t ticket = bpfcc_run_enter();
    error = map->ops->write(map, key, value, flags);
    bpfcc_run_leave(ticket);
    return error;
}

int bpfcc_map_erase(struct bpfcc_map *map, const void *key)
{
    int error = may_write(map);
    if (error)
        return error;
    uint32_t ticket = bpfcc_run_enter();
    error = map->ops->erase(map, key);
    bpfcc_run_leave(ticket);
    return error;
}

int bpfcc_map_take(struct bpfcc_map *map, const void *key, void *value)
{
    int error = may_read(map);
    error = error ? error : may_write(map);
    if (error)
        return error;
    uint32_t ticket = bpfcc_run_enter();
    error = map->ops->take(map, key, value);
    bpfcc_run_leave(ticket);
    return error;
}

int bpfcc_map_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    int error = may_read(map);
    return error ? error : map->ops->next_key(map, key, next);
}

int bpfcc_map_push(struct bpfcc_map *map, const void *value, uint64_t flags)
{
    return map->ops->push(map, value, flags);
}

int bpfcc_map_pop(struct bpfcc_map *map, void *value)
{
    return map->ops->pop(map, value);
}

int bpfcc_map_peek(struct bpfcc_map *map, void *value)
{
    return map->ops->peek(map, value);
}

int bpfcc_map_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu)
{
    return map->ops->each(map, cursor, key, value, cpu);
}

uint64_t bpfcc_map_count(struct bpfcc_map *map)
{
    return map->ops->count(map);
}

int bpfcc_map_freeze(struct bpfcc_map *map)
{
    int error = may_write(map);
    if (!error)
        __atomic_store_n(&map->frozen, 1, __ATOMIC_SEQ_CST);
    return error;
}

uint32_t bpfcc_map_key_bytes(const struct bpfcc_map *map)
{
    switch (map->def.type) {
    case MAP_SK_STORAGE:
    case MAP_INODE_STORAGE:
    case MAP_TASK_STORAGE:
    case MAP_CGRP_STORAGE:
        return 8;
    default:
        return map->def.key_size;
    }
}

uint64_t bpfcc_map_value_bytes(const struct bpfcc_map *map)
{
    return map->percpu ? (uint64_t)map->value_bytes * map->def.cpus : map->def.value_size;
}

/* The value that a walk has come to. Kinds whose slots are used again are read by key, so that no copy is half another's. */
static int copy_entry(struct bpfcc_map *map, const void *key, const uint8_t *slot, uint8_t *value)
{
    if (map->ops->take != map_no_take)
        return map->ops->read(map, key, value, 0);
    for (uint32_t cpu = 0; cpu < (map->percpu ? map->def.cpus : 1); cpu++)
        value_load(map, value + (uint64_t)cpu * map->value_bytes, slot + cpu * map->head.cpu_bytes, 0);
    return 0; /* the caller's buffer was zero where a value does not fill its 8 bytes */
}

int bpfcc_map_batch(struct bpfcc_map *map, uint64_t *cursor, void *keys, void *values, uint32_t most)
{
    uint32_t key_bytes = bpfcc_map_key_bytes(map), n = 0;
    uint64_t value_bytes = bpfcc_map_value_bytes(map);
    int error = may_read(map);
    if (error || most > 0x7fffffff)
        return error ? error : -E_INVAL;
    uint32_t ticket = bpfcc_run_enter();
    while (n < most) {
        uint8_t *key = (uint8_t *)keys + (uint64_t)n * key_bytes;
        void *slot;
        error = map->ops->each(map, cursor, key, &slot, 0);
        if (error)
            break;
        error = copy_entry(map, key, slot, (uint8_t *)values + n * value_bytes);
        n += error == 0; /* deleted in between: nothing to report */
    }
    bpfcc_run_leave(ticket);
    return error && error != -E_NOENT && n == 0 ? error : (int)n;
}
