/* What the kinds of maps share: the handle, the operations, copying of values that race by design. */
#ifndef BPFCC_MAP_INTERNAL_H
#define BPFCC_MAP_INTERNAL_H

#include "arena.h"
#include "bpfcc.h"
#include "epoch.h"
#include "map_platform.h"

#include <string.h>

enum map_type {
    MAP_HASH = 1, MAP_ARRAY = 2, MAP_PROG_ARRAY = 3, MAP_PERF_EVENT_ARRAY = 4, MAP_PERCPU_HASH = 5, MAP_PERCPU_ARRAY = 6,
    MAP_STACK_TRACE = 7, MAP_CGROUP_ARRAY = 8, MAP_LRU_HASH = 9, MAP_LRU_PERCPU_HASH = 10, MAP_LPM_TRIE = 11,
    MAP_ARRAY_OF_MAPS = 12, MAP_HASH_OF_MAPS = 13, MAP_DEVMAP = 14, MAP_SOCKMAP = 15, MAP_CPUMAP = 16, MAP_XSKMAP = 17,
    MAP_SOCKHASH = 18, MAP_CGROUP_STORAGE = 19, MAP_REUSEPORT_SOCKARRAY = 20, MAP_PERCPU_CGROUP_STORAGE = 21, MAP_QUEUE = 22,
    MAP_STACK = 23, MAP_SK_STORAGE = 24, MAP_DEVMAP_HASH = 25, MAP_STRUCT_OPS = 26, MAP_RINGBUF = 27, MAP_INODE_STORAGE = 28,
    MAP_TASK_STORAGE = 29, MAP_BLOOM_FILTER = 30, MAP_USER_RINGBUF = 31, MAP_CGRP_STORAGE = 32, MAP_ARENA = 33,
};

enum map_create_flag {
    F_NO_PREALLOC = 1 << 0, F_NO_COMMON_LRU = 1 << 1, F_NUMA_NODE = 1 << 2, F_RDONLY = 1 << 3, F_WRONLY = 1 << 4,
    F_STACK_BUILD_ID = 1 << 5, F_ZERO_SEED = 1 << 6, F_RDONLY_PROG = 1 << 7, F_WRONLY_PROG = 1 << 8, F_CLONE = 1 << 9,
    F_MMAPABLE = 1 << 10, F_PRESERVE_ELEMS = 1 << 11, F_INNER_MAP = 1 << 12,
    F_ACCESS = F_RDONLY | F_WRONLY | F_RDONLY_PROG | F_WRONLY_PROG,
};

enum map_update_flag { U_ANY = 0, U_NOEXIST = 1, U_EXIST = 2, U_LOCK = 4 };

/* Sizes that the kernel cannot allocate in one piece, and the most a per-CPU value may have. */
#define KMALLOC_MAX ((uint64_t)4 << 20)
#define PERCPU_VALUE_MAX ((uint64_t)32 << 10)

/* Every operation is filled in; what a kind cannot do is one of the map_no_* functions with its errno.
 * `update` and `delete` come from programs, `read`, `write`, `erase`, `take` and `next_key` from outside. */
struct map_ops {
    void *(*lookup)(struct bpfcc_map *map, const void *key, uint32_t cpu);
    int (*update)(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu);
    int (*erase)(struct bpfcc_map *map, const void *key);
    int (*read)(struct bpfcc_map *map, const void *key, void *value, uint64_t flags);
    int (*write)(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags);
    int (*take)(struct bpfcc_map *map, const void *key, void *value);
    int (*next_key)(struct bpfcc_map *map, const void *key, void *next);
    int (*push)(struct bpfcc_map *map, const void *value, uint64_t flags);
    int (*pop)(struct bpfcc_map *map, void *value);
    int (*peek)(struct bpfcc_map *map, void *value);
    int (*each)(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu);
    uint64_t (*count)(struct bpfcc_map *map);
    void (*destroy)(struct bpfcc_map *map);
};

/* The first member of every kind's own structure. */
struct bpfcc_map {
    struct bpfcc_map_head head;
    const struct map_ops *ops;
    struct bpfcc_map_def def;
    struct arena arena;
    uint32_t value_bytes;  /* value_size, rounded up to 8 */
    uint32_t percpu;       /* 1 when each CPU has its own copy */
    uint32_t lock_offset;  /* of struct bpf_spin_lock in the value, NO_FIELD when there is none */
    uint32_t timer_offset; /* of struct bpf_timer */
    uint32_t frozen;       /* no more writes from outside */
    uint64_t area_bytes;
};

enum { NO_FIELD = 0xffffffff, LOCK_BYTES = 4, TIMER_BYTES = 16 };

#define ROUND_UP(n, to) (((n) + (to) - 1) / (to) * (to))
/* No value ends where the next one begins: what a checked run reads or writes beyond a value is nobody's. */
#define VALUE_STRIDE(def) ROUND_UP((uint64_t)(def)->value_size + 1, 8)

/* ---- values ---- */

/* Programs write map values while we copy them: words are read and written whole, so that nothing is torn below
 * 8 bytes. The slot side is 8-byte aligned and padded; the other side need not be. */
MAP_INLINE void copy_out(void *to, const void *slot, uint64_t size)
{
    const uint64_t *words = slot;
    uint8_t *bytes = to;
    uint64_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word = __atomic_load_n(&words[i / 8], __ATOMIC_RELAXED);
        memcpy(bytes + i, &word, 8);
    }
    if (i < size) {
        uint64_t word = __atomic_load_n(&words[i / 8], __ATOMIC_RELAXED);
        memcpy(bytes + i, &word, size - i);
    }
}

MAP_INLINE void copy_in(void *slot, const void *from, uint64_t size)
{
    uint64_t *words = slot;
    const uint8_t *bytes = from;
    uint64_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        __atomic_store_n(&words[i / 8], word, __ATOMIC_RELAXED);
    }
    if (i < size) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, size - i);
        __atomic_store_n(&words[i / 8], word, __ATOMIC_RELAXED);
    }
}

/* As above, but a spin lock or timer in the value stays what it is (in) or reads as zero (out); BPF_F_LOCK holds the
 * value's lock meanwhile. */
void value_store(const struct bpfcc_map *map, void *slot, const void *from, uint64_t flags);
void value_load(const struct bpfcc_map *map, void *to, const void *slot, uint64_t flags);
/* Into a slot that nobody sees yet. */
void value_init(const struct bpfcc_map *map, void *slot, const void *from);

MAP_INLINE bool map_has_fields(const struct bpfcc_map *map)
{
    return (map->lock_offset & map->timer_offset) != NO_FIELD;
}

MAP_INLINE int check_update_flags(const struct bpfcc_map *map, uint64_t flags)
{
    if (MAP_UNLIKELY((flags & ~(uint64_t)U_LOCK) > U_EXIST))
        return -E_INVAL;
    return MAP_UNLIKELY((flags & U_LOCK) && map->lock_offset == NO_FIELD) ? -E_INVAL : 0;
}

/* ---- operations that a kind does not have ---- */

void *map_no_lookup(struct bpfcc_map *map, const void *key, uint32_t cpu);
int map_no_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu);
int map_no_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags);
int map_no_erase(struct bpfcc_map *map, const void *key);
int map_no_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags);
int map_no_take(struct bpfcc_map *map, const void *key, void *value);
int map_no_next(struct bpfcc_map *map, const void *key, void *next);
int map_no_push(struct bpfcc_map *map, const void *value, uint64_t flags);
int map_no_pop(struct bpfcc_map *map, void *value);
int map_no_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu);
uint64_t map_no_count(struct bpfcc_map *map);

/* ---- kinds ---- */

int array_check(const struct bpfcc_map_def *def);
int array_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int slots_check(const struct bpfcc_map_def *def);
int slots_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int hash_check(const struct bpfcc_map_def *def);
int hash_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int storage_check(const struct bpfcc_map_def *def);
int lpm_check(const struct bpfcc_map_def *def);
int lpm_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int queue_check(const struct bpfcc_map_def *def);
int queue_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int bloom_check(const struct bpfcc_map_def *def);
int bloom_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int stack_trace_check(const struct bpfcc_map_def *def);
int stack_trace_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int ring_check(const struct bpfcc_map_def *def);
int ring_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
int perf_check(const struct bpfcc_map_def *def);
int perf_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);

/* A zeroed structure of a kind with its arena of `size` bytes, or NULL. `bytes` includes struct bpfcc_map. */
struct bpfcc_map *map_allocate(const struct bpfcc_map_def *def, const struct map_ops *ops, size_t bytes, uint64_t size);
/* Frees what map_allocate made: the destroy operation of most kinds. */
void map_release(struct bpfcc_map *map);
/* Tells where the values lie. */
void map_set_area(struct bpfcc_map *map, uint64_t offset, uint64_t bytes, uint32_t stride, uint64_t cpu_bytes);
bool map_access_ok(uint32_t flags);

/* Values of `entries` slots for one CPU: whole cache lines, so that CPUs do not share any. */
MAP_INLINE uint64_t percpu_entries(uint64_t entries)
{
    return ROUND_UP(entries, 8);
}

#endif
