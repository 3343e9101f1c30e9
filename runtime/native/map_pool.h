/* Slots 1..n of a fixed-stride area, handed out to many threads: shards with a lock each.
 *
 * A released slot waits until every run that could hold a pointer to it has left. Where nothing else is left (one
 * long run that replaces values all the time), the slot that was released first is used again early, as Linux does
 * with preallocated maps: its value is still a value of this map, but another one.
 */
#ifndef BPFCC_MAP_POOL_H
#define BPFCC_MAP_POOL_H

#include "map_platform.h"

enum { POOL_SHARDS = 16 };

struct pool_shard {
    _Alignas(MAP_LINE) uint32_t lock;
    uint32_t free_head, free_count;
    uint32_t retired_head, retired_tail, retired_count;
    uint32_t patience; /* allocations until it is worth looking at the epoch and at other shards again */
};

/* Lies in the arena, zeroed. */
struct pool_shared {
    _Alignas(MAP_LINE) uint32_t used; /* slots 1..used were handed out at least once */
    struct pool_shard shards[POOL_SHARDS];
};

/* What a pool keeps in each slot: the first bytes of the slot's node. */
struct pool_node {
    uint32_t link;  /* next free or retired slot; while in use, the owner's */
    uint32_t stamp; /* epoch of the release */
};

struct pool {
    struct pool_shared *shared;
    uint8_t *nodes;
    uint32_t stride;
    uint32_t slots;
    uint32_t batch;
};

/* Spare slots beside the entries of a map, so that replaced values need not be used again at once. Many for maps that
 * Linux does not preallocate (`patient`): there a value never is another one's while a run can see it. */
uint32_t pool_spare(uint32_t entries, uint64_t slot_bytes, bool patient);
void pool_init(struct pool *pool, struct pool_shared *shared, uint8_t *nodes, uint32_t stride, uint32_t slots);
/* A slot that belongs to the caller now, or 0 when every slot is in use. */
uint32_t pool_get(struct pool *pool);
/* Give a slot back that nobody ever saw. */
void pool_undo(struct pool *pool, uint32_t slot);
/* Give a slot back that others may still read. */
void pool_retire(struct pool *pool, uint32_t slot);
/* Both in one, for replacing: the shard stays locked in between. A slot, or 0 and nothing locked. */
uint32_t pool_swap_begin(struct pool *pool, struct pool_shard **shard);
void pool_swap_end(struct pool *pool, struct pool_shard *shard, uint32_t old);

MAP_INLINE struct pool_node *pool_at(const struct pool *pool, uint32_t slot)
{
    return (struct pool_node *)(pool->nodes + (uint64_t)slot * pool->stride);
}

#endif
