/* Events: ring buffers, perf buffers, stacks. */
#include <stdlib.h>

#include "helper.h"

enum {
    CTXLEN_SHIFT = 32,
    MAX_CTXLEN = 0xfffff,
    MAX_RESERVATION_BYTES = 0xffffff,
};
#define INDEX_MASK 0xffffffffull
#define CTXLEN_MASK ((uint64_t)MAX_CTXLEN << CTXLEN_SHIFT)

static struct bpfcc_bound_map *map_of_type(struct bpfcc_run *run, uint64_t handle, uint32_t type)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, handle);
    if (bound && bound->type == type)
        return bound;
    bpfcc_trap_at(run, BPFCC_TRAP_HELPER, handle, 0);
    return NULL;
}

/* ---- ring buffers --------------------------------------------------------------------------------------------------- */

HELPER(ringbuf_output)
{
    struct bpfcc_bound_map *bound = map_of_type(run, r1, BPFCC_MAP_RINGBUF);
    const void *data = bound ? bpfcc_access(run, r2, (uint32_t)r3, 0) : NULL;
    if (!data)
        return BPFCC_ERR(BPFCC_EFAULT);
    return (uint64_t)(int64_t)bpfcc_ring_output(bound->map, data, (uint32_t)r3, r4);
}

static uint8_t *reserve(struct bpfcc_run *run, struct bpfcc_bound_map *bound, uint64_t size, uint64_t flags, uint32_t kind, uint64_t *address)
{
    uint8_t *record = bpfcc_ring_reserve(bound->map, size, flags);
    if (!record)
        return NULL;
    *address = bpfcc_grant(run, record, size, kind, 1, bound);
    if (!*address) {
        bpfcc_ring_commit(bound->map, record, 0, 1);
        return NULL;
    }
    run->outcome->references++;
    return record;
}

static void settle(struct bpfcc_run *run, struct bpfcc_grant *grant, uint64_t flags, int discard)
{
    bpfcc_ring_commit(grant->map->map, grant->host, flags, discard);
    bpfcc_grant_take_back(run, grant);
    run->outcome->references--;
}

HELPER(ringbuf_reserve)
{
    struct bpfcc_bound_map *bound = map_of_type(run, r1, BPFCC_MAP_RINGBUF);
    uint64_t address = 0;
    if (!bound || r3)
        return 0; /* no flags are defined */
    return reserve(run, bound, r2, r3, BPFCC_GRANT_RESERVATION, &address) ? address : 0;
}

static uint64_t finish(struct bpfcc_run *run, uint64_t address, uint64_t flags, int discard)
{
    struct bpfcc_grant *grant = bpfcc_grant_find(run, address, BPFCC_GRANT_RESERVATION);
    if (grant)
        settle(run, grant, flags, discard);
    else
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, address, 0);
    return 0;
}

HELPER(ringbuf_submit) { return finish(run, r1, r2, 0); }
HELPER(ringbuf_discard) { return finish(run, r1, r2, 1); }

HELPER(ringbuf_query)
{
    struct bpfcc_bound_map *bound = map_of_type(run, r1, BPFCC_MAP_RINGBUF);
    return bound ? bpfcc_ring_query(bound->map, r2) : 0;
}

void bpfcc_release_lock(struct bpfcc_run *run);

void bpfcc_release_all(struct bpfcc_run *run)
{
    struct bpfcc_outcome *o = run->outcome;
    for (uint32_t i = 0; i < BPFCC_MAX_GRANTS && o->references && o->grant_count; i++)
        if (o->grants[i].kind == BPFCC_GRANT_RESERVATION || o->grants[i].kind == BPFCC_GRANT_DYNPTR)
            settle(run, &o->grants[i], 0, 1);
    o->references = 0;
    bpfcc_release_lock(run);
}

/* ---- dynptrs ---------------------------------------------------------------------------------------------------------- */

/* The 16 bytes of struct bpf_dynptr. The address is the program's and is checked at each use, so bytes that a program
 * made up reach nothing that it could not reach anyway. */
struct dynptr {
    uint64_t address;
    uint32_t size, offset_kind; /* offset below DYNPTR_KIND_SHIFT, kind above */
};

enum { DYNPTR_LOCAL = 1, DYNPTR_RING = 2, DYNPTR_READ_ONLY = 4, DYNPTR_KIND_SHIFT = 28, MAX_DYNPTR = 0xffffff };

static int load_dynptr(struct bpfcc_run *run, uint64_t at, struct dynptr *out)
{
    const void *from = bpfcc_access(run, at, sizeof *out, 0);
    if (from)
        memcpy(out, from, sizeof *out);
    return from != NULL;
}

static int store_dynptr(struct bpfcc_run *run, uint64_t at, struct dynptr value)
{
    void *to = bpfcc_access(run, at, sizeof value, 1);
    if (to)
        memcpy(to, &value, sizeof value);
    return to != NULL;
}

HELPER(dynptr_from_mem)
{
    uint32_t size = (uint32_t)r2;
    struct dynptr none = {0};
    if (size > MAX_DYNPTR || r3) {
        store_dynptr(run, r4, none);
        return BPFCC_ERR(size > MAX_DYNPTR ? BPFCC_E2BIG : BPFCC_EINVAL);
    }
    if (size && !bpfcc_access(run, r1, size, 1))
        return BPFCC_ERR(BPFCC_EINVAL);
    store_dynptr(run, r4, (struct dynptr){.address = r1, .size = size, .offset_kind = (uint32_t)DYNPTR_LOCAL << DYNPTR_KIND_SHIFT});
    return 0;
}

HELPER(ringbuf_reserve_dynptr)
{
    struct bpfcc_bound_map *bound = map_of_type(run, r1, BPFCC_MAP_RINGBUF);
    struct dynptr made = {0};
    uint64_t error = 0;
    if (!bound)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (r3)
        error = BPFCC_ERR(BPFCC_EINVAL);
    else if ((uint32_t)r2 > MAX_RESERVATION_BYTES)
        error = BPFCC_ERR(BPFCC_E2BIG);
    else if (!reserve(run, bound, (uint32_t)r2, 0, BPFCC_GRANT_DYNPTR, &made.address))
        error = BPFCC_ERR(BPFCC_EINVAL);
    else
        made.size = (uint32_t)r2, made.offset_kind = (uint32_t)DYNPTR_RING << DYNPTR_KIND_SHIFT;
    store_dynptr(run, r4, made);
    return error;
}

static uint64_t finish_dynptr(struct bpfcc_run *run, uint64_t at, uint64_t flags, int discard)
{
    struct dynptr dynptr;
    if (!load_dynptr(run, at, &dynptr) || !dynptr.address)
        return 0; /* the reservation had failed: nothing to give back */
    struct bpfcc_grant *grant = bpfcc_grant_find(run, dynptr.address, BPFCC_GRANT_DYNPTR);
    if (grant)
        settle(run, grant, flags, discard);
    else
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, at, sizeof dynptr);
    store_dynptr(run, at, (struct dynptr){0});
    return 0;
}

HELPER(ringbuf_submit_dynptr) { return finish_dynptr(run, r1, r2, 0); }
HELPER(ringbuf_discard_dynptr) { return finish_dynptr(run, r1, r2, 1); }

static uint32_t kind_of(const struct dynptr *d) { return d->offset_kind >> DYNPTR_KIND_SHIFT; }

HELPER(dynptr_read)
{
    struct dynptr src;
    uint32_t length = (uint32_t)r2, offset = (uint32_t)r4;
    uint8_t *to = bpfcc_access(run, r1, length, 1);
    if (!to || !load_dynptr(run, r3, &src) || !src.address || r5)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (length > src.size || offset > src.size - length)
        return BPFCC_ERR(BPFCC_E2BIG);
    const uint8_t *from = bpfcc_access(run, src.address + offset, length, 0);
    if (!from)
        return BPFCC_ERR(BPFCC_EINVAL);
    memmove(to, from, length);
    return 0;
}

HELPER(dynptr_write)
{
    struct dynptr dst;
    uint32_t length = (uint32_t)r4, offset = (uint32_t)r2;
    const uint8_t *from = bpfcc_access(run, r3, length, 0);
    if (!from || !load_dynptr(run, r1, &dst) || !dst.address || kind_of(&dst) & DYNPTR_READ_ONLY || r5)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (length > dst.size || offset > dst.size - length)
        return BPFCC_ERR(BPFCC_E2BIG);
    uint8_t *to = bpfcc_access(run, dst.address + offset, length, 1);
    if (!to)
        return BPFCC_ERR(BPFCC_EINVAL);
    memmove(to, from, length);
    return 0;
}

HELPER(dynptr_data)
{
    struct dynptr d;
    uint32_t length = (uint32_t)r3, offset = (uint32_t)r2;
    if (!load_dynptr(run, r1, &d) || !d.address || length > d.size || offset > d.size - length || kind_of(&d) & DYNPTR_READ_ONLY)
        return 0;
    return d.address + offset;
}

/* ---- perf buffers ------------------------------------------------------------------------------------------------------- */

static uint64_t perf_output(struct bpfcc_run *run, uint64_t handle, uint64_t flags, uint64_t data, uint64_t size, const void *more, uint64_t more_size)
{
    struct bpfcc_bound_map *bound = map_of_type(run, handle, BPFCC_MAP_PERF_EVENT_ARRAY);
    const void *bytes = bound ? bpfcc_access(run, data, size, 0) : NULL;
    if (!bytes)
        return BPFCC_ERR(BPFCC_EFAULT);
    return (uint64_t)(int64_t)bpfcc_perf_output(bound->map, run->cpu, flags & INDEX_MASK, bytes, size, more, more_size);
}

/* With the upper half of the flags, that many packet bytes follow the data; types without a packet refuse it. */
static uint64_t packet_output(struct bpfcc_run *run, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
    uint64_t extra = (r3 & CTXLEN_MASK) >> CTXLEN_SHIFT;
    if (r3 & ~(INDEX_MASK | CTXLEN_MASK))
        return BPFCC_ERR(BPFCC_EINVAL);
    if (extra > run->packet_end - run->packet_data)
        return BPFCC_ERR(BPFCC_EFAULT);
    return perf_output(run, r2, r3, r4, r5, extra ? run->packet + run->packet_data : NULL, extra);
}

HELPER(perf_event_output)
{
    if (run->layout.data >= 0)
        return packet_output(run, r2, r3, r4, r5);
    return r3 & ~INDEX_MASK ? BPFCC_ERR(BPFCC_EINVAL) : perf_output(run, r2, r3, r4, r5, NULL, 0);
}

HELPER(skb_output) { return packet_output(run, r2, r3, r4, r5); }
HELPER(xdp_output) { return packet_output(run, r2, r3, r4, r5); }

/* ---- stacks --------------------------------------------------------------------------------------------------------------- */

enum {
    STACK_SKIP_MASK = 0xff,
    STACK_USER = 1 << 8,
    STACK_FAST_COMPARE = 1 << 9,
    STACK_REUSE = 1 << 10,
    STACK_BUILD_ID = 1 << 11,
};

/* Addresses of the supplied stack behind `skip`; -EFAULT where the caller supplied none. */
static int64_t stack_part(const struct bpfcc_state *state, uint64_t skip, const uint64_t **from)
{
    if (!state->stack_set || skip > state->stack_count)
        return -BPFCC_EFAULT;
    *from = state->stack + skip;
    return (int64_t)(state->stack_count - skip);
}

HELPER(get_stackid)
{
    struct bpfcc_bound_map *bound = map_of_type(run, r2, BPFCC_MAP_STACK_TRACE);
    const uint64_t *from = NULL;
    if (!bound || r3 & ~(uint64_t)(STACK_SKIP_MASK | STACK_USER | STACK_FAST_COMPARE | STACK_REUSE))
        return BPFCC_ERR(BPFCC_EINVAL);
    int64_t count = stack_part(run->state, r3 & STACK_SKIP_MASK, &from);
    if (count <= 0)
        return BPFCC_ERR(BPFCC_EFAULT);
    return (uint64_t)bpfcc_stack_id(bound->map, from, (uint32_t)count, r3 & ~(uint64_t)STACK_SKIP_MASK);
}

static uint64_t get_stack(struct bpfcc_run *run, uint64_t buffer, uint64_t bytes, uint64_t flags)
{
    uint32_t size = (uint32_t)bytes;
    uint8_t *out = bpfcc_access(run, buffer, size, 1);
    const uint64_t *from = NULL;
    if (!out)
        return BPFCC_ERR(BPFCC_EFAULT);
    int64_t count = BPFCC_ENOENT;
    uint64_t error = 0;
    if (flags & ~(uint64_t)(STACK_SKIP_MASK | STACK_USER) || size % 8)
        error = BPFCC_ERR(BPFCC_EINVAL);
    else if ((count = stack_part(run->state, flags & STACK_SKIP_MASK, &from)) < 0)
        error = (uint64_t)count;
    if (error) {
        memset(out, 0, size);
        return error;
    }
    uint64_t used = (uint64_t)count * 8 < size ? (uint64_t)count * 8 : size;
    if (used)
        memcpy(out, from, used);
    memset(out + used, 0, size - used);
    return used;
}

HELPER(get_stack) { return get_stack(run, r2, r3, r4); }
HELPER(get_task_stack) { return get_stack(run, r2, r3, r4); }
