#include "map_pool.h"

#include "epoch.h"

enum { SPARE_MAX = 1024, PATIENT_MAX = 1 << 16, PATIENT_BYTES = 16 << 20, BATCH_MAX = 32, PATIENCE = 64, REAP_AT = 64, REAP_MAX = 64, TRIES = 100000 };

uint32_t pool_spare(uint32_t entries, uint64_t slot_bytes, bool patient)
{
    uint64_t spare = entries < SPARE_MAX ? entries : SPARE_MAX;
    if (patient) {
        spare = PATIENT_BYTES / (slot_bytes ? slot_bytes : 1);
        spare = spare > PATIENT_MAX ? PATIENT_MAX : spare < SPARE_MAX ? SPARE_MAX : spare;
    }
    return (uint32_t)spare + POOL_SHARDS;
}

void pool_init(struct pool *pool, struct pool_shared *shared, uint8_t *nodes, uint32_t stride, uint32_t slots)
{
    uint32_t batch = slots / (4 * POOL_SHARDS);
    *pool = (struct pool){shared, nodes, stride, slots, batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : batch};
}

/* Links of slots in a list are read by lookups that are just passing through, too. */
static uint32_t link_of(const struct pool *pool, uint32_t slot)
{
    return __atomic_load_n(&pool_at(pool, slot)->link, __ATOMIC_RELAXED);
}

static void set_link(const struct pool *pool, uint32_t slot, uint32_t next)
{
    __atomic_store_n(&pool_at(pool, slot)->link, next, __ATOMIC_RELAXED);
}

static void add(uint32_t *count, uint32_t amount)
{
    __atomic_store_n(count, *count + amount, __ATOMIC_RELAXED); /* under the lock; others only peek */
}

static void push_free(const struct pool *pool, struct pool_shard *shard, uint32_t slot)
{
    set_link(pool, slot, shard->free_head);
    shard->free_head = slot;
    add(&shard->free_count, 1);
}

static uint32_t pop_free(const struct pool *pool, struct pool_shard *shard)
{
    uint32_t slot = shard->free_head;
    if (slot) {
        shard->free_head = link_of(pool, slot);
        add(&shard->free_count, (uint32_t)-1);
    }
    return slot;
}

static uint32_t pop_retired(const struct pool *pool, struct pool_shard *shard)
{
    uint32_t slot = shard->retired_head;
    if (slot) {
        shard->retired_head = slot == shard->retired_tail ? 0 : link_of(pool, slot);
        add(&shard->retired_count, (uint32_t)-1);
    }
    return slot;
}

/* Moves what is out of every run's reach to the free list; says whether there was any. */
static bool reap(const struct pool *pool, struct pool_shard *shard)
{
    uint32_t moved = 0;
    while (moved < REAP_MAX && shard->retired_head && epoch_passed(pool_at(pool, shard->retired_head)->stamp)) {
        push_free(pool, shard, pop_retired(pool, shard));
        moved++;
    }
    return moved != 0;
}

static bool take_unused(const struct pool *pool, struct pool_shard *shard)
{
    uint32_t used = __atomic_load_n(&pool->shared->used, __ATOMIC_RELAXED), batch;
    do {
        if (used >= pool->slots)
            return false;
        batch = pool->slots - used < pool->batch ? pool->slots - used : pool->batch;
    } while (!__atomic_compare_exchange_n(&pool->shared->used, &used, used + batch, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    for (uint32_t slot = used + batch; slot > used; slot--)
        push_free(pool, shard, slot);
    return true;
}

static uint32_t get_own(const struct pool *pool, struct pool_shard *shard)
{
    if (shard->patience)
        shard->patience--;
    else if (shard->retired_count >= REAP_AT && reap(pool, shard))
        return pop_free(pool, shard);
    if (take_unused(pool, shard))
        return pop_free(pool, shard);
    if (shard->patience)
        return pop_retired(pool, shard);
    return reap(pool, shard) ? pop_free(pool, shard) : 0;
}

/* One slot for us, and up to a batch for our shard. */
static uint32_t steal(const struct pool *pool, struct pool_shard *mine, bool early)
{
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        struct pool_shard *other = &pool->shared->shards[i];
        uint32_t count = __atomic_load_n(&other->free_count, __ATOMIC_RELAXED) + __atomic_load_n(&other->retired_count, __ATOMIC_RELAXED);
        if (other == mine || count == 0)
            continue;
        uint32_t taken[BATCH_MAX], n = 0;
        spin_lock(&other->lock);
        if (!other->free_head)
            reap(pool, other);
        while (n < pool->batch && other->free_head)
            taken[n++] = pop_free(pool, other);
        if (n == 0 && early && other->retired_head)
            taken[n++] = pop_retired(pool, other);
        spin_unlock(&other->lock);
        if (n == 0)
            continue;
        spin_lock(&mine->lock);
        for (uint32_t k = 1; k < n; k++)
            push_free(pool, mine, taken[k]);
        spin_unlock(&mine->lock);
        return taken[0];
    }
    return 0;
}

static uint32_t get_any(struct pool *pool, struct pool_shard *shard)
{
    spin_lock(&shard->lock);
    uint32_t slot = pop_free(pool, shard);
    if (!slot)
        slot = get_own(pool, shard);
    spin_unlock(&shard->lock);
    if (MAP_LIKELY(slot))
        return slot;
    slot = steal(pool, shard, false);
    if (slot)
        return slot;
    spin_lock(&shard->lock);
    shard->patience = PATIENCE;
    slot = pop_free(pool, shard);
    if (!slot)
        slot = pop_retired(pool, shard);
    spin_unlock(&shard->lock);
    return slot ? slot : steal(pool, shard, true);
}

uint32_t pool_get(struct pool *pool)
{
    struct pool_shard *shard = &pool->shared->shards[platform_thread() % POOL_SHARDS];
    uint32_t slot = get_any(pool, shard);
    /* Owners take no more than there are, so a slot that is missing is on its way between two shards. */
    for (uint32_t tries = 0; MAP_UNLIKELY(!slot) && tries < TRIES; tries++) {
        thread_yield();
        slot = get_any(pool, shard);
    }
    /* A reader that sees our writes to a slot used again must see that it was unlinked before. */
    fence_release();
    return slot;
}

void pool_undo(struct pool *pool, uint32_t slot)
{
    struct pool_shard *shard = &pool->shared->shards[platform_thread() % POOL_SHARDS];
    spin_lock(&shard->lock);
    push_free(pool, shard, slot);
    spin_unlock(&shard->lock);
}

/* With the lock. */
static void retire(struct pool *pool, struct pool_shard *shard, uint32_t slot, uint32_t stamp)
{
    pool_at(pool, slot)->stamp = stamp;
    set_link(pool, slot, 0);
    if (shard->retired_head)
        set_link(pool, shard->retired_tail, slot);
    else
        shard->retired_head = slot;
    shard->retired_tail = slot;
    add(&shard->retired_count, 1);
}

void pool_retire(struct pool *pool, uint32_t slot)
{
    struct pool_shard *shard = &pool->shared->shards[platform_thread() % POOL_SHARDS];
    spin_lock(&shard->lock);
    retire(pool, shard, slot, epoch_stamp());
    spin_unlock(&shard->lock);
}

uint32_t pool_swap_begin(struct pool *pool, struct pool_shard **result)
{
    struct pool_shard *shard = &pool->shared->shards[platform_thread() % POOL_SHARDS];
    *result = shard;
    spin_lock(&shard->lock);
    uint32_t slot = pop_free(pool, shard);
    if (MAP_UNLIKELY(!slot))
        slot = get_own(pool, shard);
    if (MAP_UNLIKELY(!slot))
        spin_unlock(&shard->lock);
    fence_release();
    return slot;
}

void pool_swap_end(struct pool *pool, struct pool_shard *shard, uint32_t old)
{
    /* No locked operation since the old slot was unlinked: the unlinking may still be on its way to the others, and the
     * epoch move on before it arrives. It can move on by one at most before we leave our run, hence one epoch more. */
    retire(pool, shard, old, epoch_present() + 1);
    spin_unlock(&shard->lock);
}
