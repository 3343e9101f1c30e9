/* Maps from a program: handles in, guest addresses of values out. */
#include <stdlib.h>

#include "helper.h"

static int is_map_of_maps(const struct bpfcc_bound_map *bound)
{
    return bound->type == BPFCC_MAP_ARRAY_OF_MAPS || bound->type == BPFCC_MAP_HASH_OF_MAPS;
}

static uint64_t value_for_program(struct bpfcc_run *run, struct bpfcc_bound_map *bound, const void *value)
{
    if (!value)
        return 0;
    if (is_map_of_maps(bound)) {
        uint32_t id;
        memcpy(&id, value, sizeof id);
        return id && bpfcc_bound(run->state, id) ? BPFCC_MAP_HANDLE(id) : 0;
    }
    if (run->checked && !bound->slots) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, BPFCC_MAP_HANDLE(bound->id), 0); /* a map whose values no program may see */
        return 0;
    }
    return bpfcc_value_address(run, bound, value);
}

HELPER(map_lookup_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    const void *key = bound ? bpfcc_access(run, r2, bound->key_size, 0) : NULL;
    return key ? value_for_program(run, bound, bpfcc_map_lookup_inline(bound->map, key, run->cpu)) : 0;
}

HELPER(map_lookup_percpu_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    const void *key = bound ? bpfcc_access(run, r2, bound->key_size, 0) : NULL;
    if (!key || (uint32_t)r3 >= bpfcc_map_definition(bound->map)->cpus)
        return 0;
    return value_for_program(run, bound, bpfcc_map_lookup(bound->map, key, (uint32_t)r3));
}

HELPER(map_update_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    const void *key = bound ? bpfcc_access(run, r2, bound->key_size, 0) : NULL;
    const void *value = key ? bpfcc_access(run, r3, bound->value_size, 0) : NULL;
    if (!value)
        return BPFCC_ERR(BPFCC_EFAULT);
    if (is_map_of_maps(bound) || bound->type == BPFCC_MAP_PROG_ARRAY)
        return BPFCC_ERR(BPFCC_EINVAL); /* only user space may put maps and programs in */
    return (uint64_t)(int64_t)bpfcc_map_update(bound->map, key, value, r4, run->cpu);
}

HELPER(map_delete_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    const void *key = bound ? bpfcc_access(run, r2, bound->key_size, 0) : NULL;
    if (!key)
        return BPFCC_ERR(BPFCC_EFAULT);
    return (uint64_t)(int64_t)bpfcc_map_delete(bound->map, key);
}

HELPER(map_push_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    const void *value = bound ? bpfcc_access(run, r2, bound->value_size, 0) : NULL;
    return value ? (uint64_t)(int64_t)bpfcc_map_push(bound->map, value, r3) : BPFCC_ERR(BPFCC_EFAULT);
}

HELPER(map_pop_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    void *value = bound ? bpfcc_access(run, r2, bound->value_size, 1) : NULL;
    return value ? (uint64_t)(int64_t)bpfcc_map_pop(bound->map, value) : BPFCC_ERR(BPFCC_EFAULT);
}

HELPER(map_peek_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    /* A bloom filter reads the value and answers whether it may be in; the others write it. */
    void *value = bound ? bpfcc_access(run, r2, bound->value_size, bound->type != BPFCC_MAP_BLOOM_FILTER) : NULL;
    return value ? (uint64_t)(int64_t)bpfcc_map_peek(bound->map, value) : BPFCC_ERR(BPFCC_EFAULT);
}

/* ---- callbacks ------------------------------------------------------------------------------------------------ */

struct walk {
    struct bpfcc_run *run;
    struct bpfcc_bound_map *bound;
    uint64_t handle, context;
    uint32_t function;
    int64_t visited;
};

/* Nonzero when the walk is over. */
static int visit(struct walk *walk, uint8_t *key, void *value)
{
    struct bpfcc_run *run = walk->run;
    uint64_t key_address = bpfcc_grant(run, key, walk->bound->key_size, BPFCC_GRANT_KEY, 0, walk->bound);
    if (!key_address) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, walk->handle, 0);
        return 1;
    }
    walk->visited++;
    uint64_t answer = run->invoke(run, walk->function, walk->handle, key_address, bpfcc_value_address(run, walk->bound, value), walk->context, 0);
    struct bpfcc_grant *grant = bpfcc_grant_find(run, key_address, BPFCC_GRANT_KEY);
    if (grant)
        bpfcc_grant_take_back(run, grant);
    return run->trap || answer;
}

static void walk_all(struct walk *walk)
{
    uint64_t cursor = 0;
    void *value;
    uint8_t small[64], *key = walk->bound->key_size <= sizeof small ? small : malloc(walk->bound->key_size);
    if (!key) {
        walk->visited = -BPFCC_ENOMEM;
        return;
    }
    while (!bpfcc_map_each(walk->bound->map, &cursor, key, &value, walk->run->cpu))
        if (visit(walk, key, value))
            break;
    if (key != small)
        free(key);
}

HELPER(for_each_map_elem)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    int64_t function = bound ? bpfcc_callback(run, r2) : -1;
    if (function < 0)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (r4)
        return BPFCC_ERR(BPFCC_EINVAL);
    struct walk walk = {.run = run, .bound = bound, .handle = r1, .context = r3, .function = (uint32_t)function};
    switch (bound->type) {
    case BPFCC_MAP_ARRAY:
    case BPFCC_MAP_PERCPU_ARRAY:
    case BPFCC_MAP_HASH:
    case BPFCC_MAP_LRU_HASH:
    case BPFCC_MAP_PERCPU_HASH:
    case BPFCC_MAP_LRU_PERCPU_HASH:
        walk_all(&walk);
        break;
    default:
        return BPFCC_ERR(BPFCC_EINVAL);
    }
    return (uint64_t)walk.visited;
}

HELPER(loop)
{
    enum { MAX_LOOPS = 8 * 1024 * 1024 };
    int64_t function = bpfcc_callback(run, r2);
    uint32_t count = (uint32_t)r1, i;
    if (function < 0 || r4)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (count > MAX_LOOPS)
        return BPFCC_ERR(BPFCC_E2BIG);
    for (i = 0; i < count; i++) {
        uint64_t answer = run->invoke(run, (uint32_t)function, i, r3, 0, 0, 0);
        if (run->trap || answer)
            return i + 1;
    }
    return i;
}

/* ---- tail calls ------------------------------------------------------------------------------------------------- */

HELPER(tail_call)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r2);
    uint32_t index = (uint32_t)r3, program = 0;
    if (!bound)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (bound->type != BPFCC_MAP_PROG_ARRAY) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r2, 0);
        return BPFCC_ERR(BPFCC_EINVAL);
    }
    if (index >= bound->max_entries || run->tail_calls >= BPFCC_MAX_TAIL_CALLS)
        return BPFCC_ERR(BPFCC_ENOENT);
    const void *value = bpfcc_map_lookup(bound->map, &index, run->cpu);
    if (value)
        memcpy(&program, value, sizeof program);
    if (!program)
        return BPFCC_ERR(BPFCC_ENOENT);
    run->tail_calls++;
    run->tail_target = (int32_t)(program - 1);
    return 0;
}

/* ---- spin locks --------------------------------------------------------------------------------------------------- */

enum { LOCK_FREE = 0, LOCK_TAKEN = 1, SPINS_BEFORE_YIELD = 128, STEPS_OF_A_YIELD = 1000 };

HELPER(spin_lock)
{
    uint8_t *word = bpfcc_access(run, r1, 4, 1);
    if (!word)
        return 0;
    if (run->outcome->locks || (uintptr_t)word & 3) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r1, 4); /* one lock at a time, and aligned */
        return 0;
    }
    _Atomic uint32_t *lock = (_Atomic uint32_t *)(void *)word;
    for (unsigned spins = 0;; spins++) {
        uint32_t expected = LOCK_FREE;
        if (atomic_compare_exchange_weak_explicit(lock, &expected, LOCK_TAKEN, memory_order_acquire, memory_order_relaxed))
            break;
        if (run->stop && *(const volatile int32_t *)run->stop) {
            bpfcc_trap_at(run, BPFCC_TRAP_STOPPED, r1, 4);
            return 0;
        }
        if (spins < SPINS_BEFORE_YIELD)
            continue;
        /* A program that nothing has verified may have written the word itself: waiting is paid for, too. */
        if (run->checked && run->steps_left < STEPS_OF_A_YIELD) {
            bpfcc_trap_at(run, BPFCC_TRAP_BUDGET, r1, 4);
            return 0;
        }
        if (run->checked)
            run->steps_left -= STEPS_OF_A_YIELD;
        bpfcc_yield();
    }
    run->outcome->lock = word;
    run->outcome->locks = 1;
    return 0;
}

static void unlock(uint8_t *word)
{
    atomic_store_explicit((_Atomic uint32_t *)(void *)word, LOCK_FREE, memory_order_release);
}

HELPER(spin_unlock)
{
    uint8_t *word = bpfcc_access(run, r1, 4, 1);
    if (!word)
        return 0;
    if (!run->outcome->locks || run->outcome->lock != word) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r1, 4);
        return 0;
    }
    run->outcome->locks = 0;
    unlock(word);
    return 0;
}

void bpfcc_release_lock(struct bpfcc_run *run)
{
    if (run->outcome->locks)
        unlock(run->outcome->lock);
    run->outcome->locks = 0;
}
