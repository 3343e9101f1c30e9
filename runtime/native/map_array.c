/* array and percpu_array: values at fixed places. Arrays of things that are named by a number are in map_slots.c. */
#include "map_internal.h"

int array_check(const struct bpfcc_map_def *def)
{
    uint32_t allowed = F_NUMA_NODE | F_MMAPABLE | F_ACCESS | F_PRESERVE_ELEMS | F_INNER_MAP;
    bool percpu = def->type == MAP_PERCPU_ARRAY;
    if (def->max_entries == 0 || def->key_size != 4 || def->value_size == 0 || (def->flags & ~allowed) || !map_access_ok(def->flags))
        return -E_INVAL;
    if ((def->flags & F_PRESERVE_ELEMS) || (percpu && (def->flags & (F_NUMA_NODE | F_MMAPABLE | F_INNER_MAP))))
        return -E_INVAL;
    if (def->value_size > 0x7fffffff)
        return -E_2BIG;
    return percpu && ROUND_UP((uint64_t)def->value_size, 8) > PERCPU_VALUE_MAX ? -E_2BIG : 0;
}

MAP_INLINE uint32_t index_of(const void *key)
{
    uint32_t index;
    memcpy(&index, key, 4);
    return index;
}

MAP_INLINE uint8_t *value_at(const struct bpfcc_map *map, uint32_t index, uint32_t cpu)
{
    return map->head.values + cpu * map->head.cpu_bytes + (uint64_t)index * map->head.stride;
}

static void *array_lookup(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    (void)cpu;
    uint32_t index = index_of(key);
    return MAP_LIKELY(index < map->head.entries) ? map->head.values + (uint64_t)index * map->head.stride : NULL;
}

static void *percpu_array_lookup(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    uint32_t index = index_of(key);
    return MAP_LIKELY(index < map->head.entries && cpu < map->def.cpus) ? value_at(map, index, cpu) : NULL;
}

static int check_update(const struct bpfcc_map *map, uint32_t index, uint64_t flags)
{
    if (MAP_UNLIKELY((flags & ~(uint64_t)U_LOCK) > U_EXIST))
        return -E_INVAL;
    if (MAP_UNLIKELY(index >= map->head.entries))
        return -E_2BIG;
    if (MAP_UNLIKELY(flags & U_NOEXIST))
        return -E_EXIST;
    return MAP_UNLIKELY((flags & U_LOCK) && map->lock_offset == NO_FIELD) ? -E_INVAL : 0;
}

static int array_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
    uint32_t index = index_of(key);
    int error = check_update(map, index, flags);
    if (!error && map->percpu && cpu >= map->def.cpus)
        error = -E_INVAL;
    if (!error)
        value_store(map, value_at(map, index, map->percpu ? cpu : 0), value, flags);
    return error;
}

static int array_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    uint32_t index = index_of(key);
    if (!map->percpu)
        return array_update(map, key, value, flags, 0);
    if (flags > U_EXIST)
        return -E_INVAL;
    int error = check_update(map, index, flags);
    for (uint32_t cpu = 0; !error && cpu < map->def.cpus; cpu++)
        value_store(map, value_at(map, index, cpu), (const uint8_t *)value + (uint64_t)cpu * map->value_bytes, flags);
    return error;
}

static int array_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    uint32_t index = index_of(key);
    if (index >= map->head.entries)
        return -E_NOENT;
    if (!map->percpu) {
        value_load(map, value, value_at(map, index, 0), flags);
        return 0;
    }
    memset(value, 0, (uint64_t)map->value_bytes * map->def.cpus);
    for (uint32_t cpu = 0; cpu < map->def.cpus; cpu++)
        value_load(map, (uint8_t *)value + (uint64_t)cpu * map->value_bytes, value_at(map, index, cpu), 0);
    return 0;
}

static int array_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    uint32_t index = key ? index_of(key) : UINT32_MAX, following = index + 1;
    if (index >= map->head.entries)
        following = 0;
    else if (index == map->head.entries - 1)
        return -E_NOENT;
    memcpy(next, &following, 4);
    return 0;
}

static int array_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu)
{
    if (*cursor >= map->head.entries)
        return -E_NOENT;
    uint32_t index = (uint32_t)(*cursor)++;
    memcpy(key, &index, 4);
    *value = map->ops->lookup(map, key, cpu);
    return *value ? 0 : -E_INVAL;
}

static uint64_t array_count(struct bpfcc_map *map)
{
    return map->head.entries;
}

static const struct map_ops array_ops = {
    .lookup = array_lookup, .update = array_update, .erase = map_no_erase, .read = array_read, .write = array_write,
    .take = map_no_take, .next_key = array_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,
    .each = array_each, .count = array_count, .destroy = map_release,
};

static const struct map_ops percpu_array_ops = {
    .lookup = percpu_array_lookup, .update = array_update, .erase = map_no_erase, .read = array_read, .write = array_write,
    .take = map_no_take, .next_key = array_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,
    .each = array_each, .count = array_count, .destroy = map_release,
};

int array_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    bool percpu = def->type == MAP_PERCPU_ARRAY;
    uint64_t stride = VALUE_STRIDE(def), size = 0;
    uint64_t cpu_bytes = percpu_entries(def->max_entries) * stride;
    arena_plan(&size, percpu ? def->cpus : 1, cpu_bytes, MAP_LINE);
    struct bpfcc_map *map = map_allocate(def, percpu ? &percpu_array_ops : &array_ops, sizeof *map, size);
    if (!map)
        return -E_NOMEM;
    map->percpu = percpu;
    map->head.entries = def->max_entries;
    map_set_area(map, 0, percpu ? cpu_bytes * def->cpus : def->max_entries * stride, (uint32_t)stride, percpu ? cpu_bytes : 0);
    *result = map;
    return 0;
}
