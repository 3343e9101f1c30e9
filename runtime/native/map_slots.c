/* Arrays of things that are named by a number: programs, maps, devices, CPUs, sockets, cgroups.
 *
 * A slot is 8 bytes: the number of 4 bytes or, for 8-byte values, the number and what goes with it (a program). Which
 * slots are occupied is told by a word of its own, so that 0 can be stored.
 */
#include "map_internal.h"

struct slots_map {
    struct bpfcc_map map;
    uint64_t *values;
    uint8_t *present;
    uint32_t entries;
};

/* What the kinds disagree about. */
struct slots_rules {
    uint32_t flags;          /* allowed at creation */
    uint8_t sizes;           /* value sizes: 1 = 4 bytes, 2 = 8 bytes */
    bool any_only;           /* update takes BPF_ANY only */
    bool zero_deletes;       /* an update with number 0 deletes */
    bool absent_is_error;    /* delete of an empty slot: -ENOENT */
    int past_end_delete;     /* errno of deleting past the end */
    int read_error;          /* errno of reading from outside, 0 = it reads */
    bool program_updates;    /* programs may update and delete (sockmap) */
};

static const struct slots_rules *rules_of(uint32_t type)
{
    static const struct slots_rules
        fd_array = {F_NUMA_NODE | F_ACCESS, 1, true, false, true, E_2BIG, 0, false},
        cgroups = {F_NUMA_NODE | F_ACCESS, 1, true, false, true, E_2BIG, E_NOTSUPP, false},
        inner_maps = {F_NUMA_NODE | F_ACCESS, 1, true, false, true, E_2BIG, 0, false},
        devices = {F_NUMA_NODE | F_RDONLY | F_WRONLY, 3, false, true, false, E_INVAL, 0, false},
        processors = {F_NUMA_NODE, 3, false, true, false, E_INVAL, 0, false},
        xdp_sockets = {F_NUMA_NODE | F_RDONLY | F_WRONLY, 1, false, false, false, E_INVAL, E_OPNOTSUPP, false},
        sockets = {F_NUMA_NODE | F_RDONLY | F_WRONLY, 3, false, false, true, E_INVAL, 0, true},
        reuseport = {F_NUMA_NODE | F_ACCESS, 3, false, false, true, E_2BIG, 0, false};
    switch (type) {
    case MAP_PROG_ARRAY: return &fd_array;
    case MAP_CGROUP_ARRAY: return &cgroups;
    case MAP_ARRAY_OF_MAPS: return &inner_maps;
    case MAP_DEVMAP: return &devices;
    case MAP_CPUMAP: return &processors;
    case MAP_XSKMAP: return &xdp_sockets;
    case MAP_SOCKMAP: return &sockets;
    default: return &reuseport;
    }
}

int slots_check(const struct bpfcc_map_def *def)
{
    const struct slots_rules *rules = rules_of(def->type);
    bool size_ok = (def->value_size == 4 && (rules->sizes & 1)) || (def->value_size == 8 && (rules->sizes & 2));
    if (def->max_entries == 0 || def->key_size != 4 || !size_ok || (def->flags & ~rules->flags) || !map_access_ok(def->flags))
        return -E_INVAL;
    /* Programs see the numbers through helpers only. */
    if ((def->type == MAP_PROG_ARRAY || def->type == MAP_CGROUP_ARRAY) && (def->flags & (F_RDONLY_PROG | F_WRONLY_PROG)))
        return -E_INVAL;
    return def->type == MAP_CPUMAP && def->max_entries > 8192 ? -E_2BIG : 0;
}

static uint32_t index_of(const void *key)
{
    uint32_t index;
    memcpy(&index, key, 4);
    return index;
}

static bool occupied(const struct slots_map *slots, uint32_t index)
{
    return __atomic_load_n(&slots->present[index], __ATOMIC_ACQUIRE) != 0;
}

static void *slots_lookup(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    (void)cpu;
    const struct slots_map *slots = (const struct slots_map *)map;
    uint32_t index = index_of(key);
    return index < slots->entries && occupied(slots, index) ? &slots->values[index] : NULL;
}

static int slots_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    int error = rules_of(map->def.type)->read_error;
    if (error)
        return -error;
    /* What is read of a socket is its cookie, which has 8 bytes. */
    if ((map->def.type == MAP_SOCKMAP || map->def.type == MAP_REUSEPORT_SOCKARRAY) && map->def.value_size != 8)
        return -E_NOSPC;
    const void *found = slots_lookup(map, key, 0);
    if (!found)
        return -E_NOENT;
    value_load(map, value, found, flags);
    return 0;
}

static int slots_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    struct slots_map *slots = (struct slots_map *)map;
    const struct slots_rules *rules = rules_of(map->def.type);
    uint32_t index = index_of(key), number;
    memcpy(&number, value, 4);
    if (flags > (rules->any_only ? U_ANY : U_EXIST))
        return -E_INVAL;
    if (index >= slots->entries)
        return -E_2BIG;
    if (!rules->any_only && (flags & U_NOEXIST) && (rules->zero_deletes || occupied(slots, index)))
        return -E_EXIST;
    if ((flags & U_EXIST) && !rules->zero_deletes && !occupied(slots, index))
        return -E_NOENT;
    if (map->def.type == MAP_CPUMAP && number > 16384)
        return -E_OVERFLOW;
    if (rules->zero_deletes && number == 0) {
        uint64_t whole = 0;
        memcpy(&whole, value, map->def.value_size);
        if (whole) /* a program for nothing */
            return -E_INVAL;
        __atomic_store_n(&slots->present[index], 0, __ATOMIC_RELEASE);
        return 0;
    }
    copy_in(&slots->values[index], value, map->def.value_size);
    __atomic_store_n(&slots->present[index], 1, __ATOMIC_RELEASE);
    return 0;
}

static int slots_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
    (void)cpu;
    return rules_of(map->def.type)->program_updates ? slots_write(map, key, value, flags) : -E_OPNOTSUPP;
}

static int slots_erase(struct bpfcc_map *map, const void *key)
{
    struct slots_map *slots = (struct slots_map *)map;
    const struct slots_rules *rules = rules_of(map->def.type);
    uint32_t index = index_of(key);
    if (index >= slots->entries)
        return -rules->past_end_delete;
    uint8_t before = __atomic_exchange_n(&slots->present[index], 0, __ATOMIC_ACQ_REL);
    return !before && rules->absent_is_error ? -(map->def.type == MAP_SOCKMAP ? E_INVAL : E_NOENT) : 0;
}

static int slots_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    const struct slots_map *slots = (const struct slots_map *)map;
    uint32_t index = key ? index_of(key) : UINT32_MAX, following = index >= slots->entries ? 0 : index + 1;
    if (following == slots->entries)
        return -E_NOENT;
    memcpy(next, &following, 4);
    return 0;
}

static int slots_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu)
{
    const struct slots_map *slots = (const struct slots_map *)map;
    while (*cursor < slots->entries) {
        uint32_t index = (uint32_t)(*cursor)++;
        if (occupied(slots, index)) {
            memcpy(key, &index, 4);
            *value = slots_lookup(map, key, cpu);
            return *value ? 0 : -E_NOENT;
        }
    }
    return -E_NOENT;
}

static uint64_t slots_count(struct bpfcc_map *map)
{
    const struct slots_map *slots = (const struct slots_map *)map;
    uint64_t count = 0;
    for (uint32_t index = 0; index < slots->entries; index++)
        count += occupied(slots, index);
    return count;
}

static const struct map_ops slots_ops = {
    .lookup = slots_lookup, .update = slots_update, .erase = slots_erase, .read = slots_read, .write = slots_write,
    .take = map_no_take, .next_key = slots_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,
    .each = slots_each, .count = slots_count, .destroy = map_release,
};

int slots_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    uint64_t size = 0;
    uint64_t values_at = arena_plan(&size, def->max_entries, 8, MAP_LINE);
    uint64_t present_at = arena_plan(&size, def->max_entries, 1, MAP_LINE);
    struct slots_map *slots = (struct slots_map *)map_allocate(def, &slots_ops, sizeof *slots, size);
    if (!slots)
        return -E_NOMEM;
    slots->values = (uint64_t *)(void *)(slots->map.arena.base + values_at);
    slots->present = slots->map.arena.base + present_at;
    slots->entries = def->max_entries;
    map_set_area(&slots->map, values_at, (uint64_t)def->max_entries * 8, 8, 0);
    *result = &slots->map;
    return 0;
}
