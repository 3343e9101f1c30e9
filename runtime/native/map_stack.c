/* stack_trace: stacks by a hash of their addresses, one in a bucket; the bucket's number is the stack's id. */
#include "map_internal.h"

enum { STACK_DEPTH_MAX = 127, STACK_FAST_COMPARE = 1 << 9, STACK_REUSE_ID = 1 << 10 };

/* Lies in the arena, one for each bucket, before the values. */
struct stack_bucket {
    uint32_t lock;
    uint32_t count; /* addresses; 0 = empty */
    uint64_t hash;
};

struct stack_map {
    struct bpfcc_map map;
    struct stack_bucket *buckets;
    uint32_t bucket_count;
};

int stack_trace_check(const struct bpfcc_map_def *def)
{
    uint32_t element = def->flags & F_STACK_BUILD_ID ? 32 : 8;
    if ((def->flags & ~(uint32_t)(F_NUMA_NODE | F_RDONLY | F_WRONLY | F_STACK_BUILD_ID)) || !map_access_ok(def->flags))
        return -E_INVAL;
    if (def->max_entries == 0 || def->key_size != 4 || def->value_size < 8 || def->value_size % element || def->value_size / element > STACK_DEPTH_MAX)
        return -E_INVAL;
    return def->max_entries > (uint32_t)1 << 31 ? -E_2BIG : 0;
}

static uint64_t *trace_at(const struct stack_map *stacks, uint32_t id)
{
    return (uint64_t *)(void *)(stacks->map.head.values + (uint64_t)id * stacks->map.head.stride);
}

static uint64_t hash_addresses(const uint64_t *addresses, uint32_t count)
{
    uint64_t hash = count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t address;
        memcpy(&address, &addresses[i], 8);
        unsigned __int128 product = (unsigned __int128)(hash ^ address) * 0x9e3779b97f4a7c15u;
        hash = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    return hash;
}

static bool same_trace(const struct stack_map *stacks, uint32_t id, const uint64_t *addresses, uint32_t count, uint64_t hash, bool fast)
{
    const struct stack_bucket *bucket = &stacks->buckets[id];
    if (bucket->count == 0 || bucket->hash != hash)
        return false;
    return fast || (bucket->count == count && memcmp(trace_at(stacks, id), addresses, (uint64_t)count * 8) == 0);
}

int64_t bpfcc_stack_id(struct bpfcc_map *map, const uint64_t *addresses, uint32_t count, uint64_t flags)
{
    struct stack_map *stacks = (struct stack_map *)map;
    if (map->def.type != MAP_STACK_TRACE || map->def.flags & F_STACK_BUILD_ID)
        return -E_INVAL;
    uint32_t depth = map->def.value_size / 8;
    if (count == 0)
        return -14; /* EFAULT: nothing was walked */
    count = count < depth ? count : depth;
    uint64_t hash = hash_addresses(addresses, count);
    uint32_t id = (uint32_t)(hash >> 32) & (stacks->bucket_count - 1);
    struct stack_bucket *bucket = &stacks->buckets[id];
    int64_t result = id;
    spin_lock(&bucket->lock);
    if (!same_trace(stacks, id, addresses, count, hash, (flags & STACK_FAST_COMPARE) != 0)) {
        if (bucket->count && !(flags & STACK_REUSE_ID)) {
            result = -E_EXIST;
        } else {
            copy_in(trace_at(stacks, id), addresses, (uint64_t)count * 8);
            bucket->hash = hash;
            bucket->count = count;
        }
    }
    spin_unlock(&bucket->lock);
    return result;
}

static int stack_read_or_take(struct bpfcc_map *map, const void *key, void *value, bool remove)
{
    struct stack_map *stacks = (struct stack_map *)map;
    uint32_t id;
    memcpy(&id, key, 4);
    if (id >= stacks->bucket_count)
        return -E_NOENT;
    struct stack_bucket *bucket = &stacks->buckets[id];
    spin_lock(&bucket->lock);
    uint32_t count = bucket->count;
    if (count && value) {
        memset(value, 0, map->def.value_size);
        copy_out(value, trace_at(stacks, id), (uint64_t)count * 8);
    }
    if (remove)
        bucket->count = 0;
    spin_unlock(&bucket->lock);
    return count ? 0 : -E_NOENT;
}

static int stack_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    (void)flags;
    return stack_read_or_take(map, key, value, false);
}

static int stack_take(struct bpfcc_map *map, const void *key, void *value)
{
    return stack_read_or_take(map, key, value, true);
}

static int stack_erase(struct bpfcc_map *map, const void *key)
{
    uint32_t id;
    memcpy(&id, key, 4);
    if (id >= ((struct stack_map *)map)->bucket_count)
        return -E_2BIG;
    return stack_read_or_take(map, key, NULL, true);
}

static int next_id(const struct stack_map *stacks, uint64_t id, uint32_t *next)
{
    for (; id < stacks->bucket_count; id++) {
        if (__atomic_load_n(&stacks->buckets[id].count, __ATOMIC_RELAXED)) {
            *next = (uint32_t)id;
            return 0;
        }
    }
    return -E_NOENT;
}

static int stack_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    const struct stack_map *stacks = (const struct stack_map *)map;
    uint32_t id = 0, found;
    if (key) {
        memcpy(&id, key, 4);
        id = id >= stacks->bucket_count || !stacks->buckets[id].count ? 0 : id + 1;
    }
    int error = next_id(stacks, id, &found);
    if (!error)
        memcpy(next, &found, 4);
    return error;
}

static int stack_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu)
{
    (void)cpu;
    uint32_t id;
    int error = next_id((const struct stack_map *)map, *cursor, &id);
    if (error)
        return error;
    *cursor = (uint64_t)id + 1;
    memcpy(key, &id, 4);
    *value = trace_at((const struct stack_map *)map, id);
    return 0;
}

static uint64_t stack_count(struct bpfcc_map *map)
{
    const struct stack_map *stacks = (const struct stack_map *)map;
    uint64_t count = 0;
    for (uint32_t id = 0; id < stacks->bucket_count; id++)
        count += __atomic_load_n(&stacks->buckets[id].count, __ATOMIC_RELAXED) != 0;
    return count;
}

static const struct map_ops stack_ops = {
    .lookup = map_no_lookup, .update = map_no_update, .erase = stack_erase, .read = stack_read, .write = map_no_write,
    .take = stack_take, .next_key = stack_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,
    .each = stack_each, .count = stack_count, .destroy = map_release,
};

int stack_trace_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    uint32_t buckets = 1;
    while (buckets < def->max_entries)
        buckets *= 2;
    uint64_t size = 0, stride = ROUND_UP((uint64_t)def->value_size, 8);
    uint64_t buckets_at = arena_plan(&size, buckets, sizeof(struct stack_bucket), MAP_LINE);
    uint64_t values_at = arena_plan(&size, buckets, stride, MAP_LINE);
    struct stack_map *stacks = (struct stack_map *)map_allocate(def, &stack_ops, sizeof *stacks, size);
    if (!stacks)
        return -E_NOMEM;
    stacks->buckets = (struct stack_bucket *)(void *)(stacks->map.arena.base + buckets_at);
    stacks->bucket_count = buckets;
    map_set_area(&stacks->map, values_at, buckets * stride, (uint32_t)stride, 0);
    *result = &stacks->map;
    return 0;
}
