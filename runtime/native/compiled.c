/* What code with checks in it asks the runtime: the interpreter's slow paths, and compiled code's. See bpfcc.h. */
#include <string.h>

#include "state.h"

/* Eight bytes of bits from byte `at`, zeros behind the `bytes` that there are. */
static uint64_t window(const uint8_t *bits, uint64_t at, uint64_t bytes)
{
    uint8_t found[8] = {0};
    memcpy(found, bits + at, bytes - at < 8 ? bytes - at : 8);
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | found[i];
    return value;
}

/* How many bits are set from `offset` upwards, and how many below it; as far as one look tells, which is enough for a cache. */
static uint64_t set_above(const uint8_t *bits, uint64_t offset, uint64_t bytes)
{
    uint64_t clear = ~(window(bits, offset >> 3, bytes) >> (offset & 7));
    return clear ? (uint64_t)__builtin_ctzll(clear) : 64;
}

static uint64_t set_below(const uint8_t *bits, uint64_t offset, uint64_t bytes)
{
    uint64_t at = offset >> 3 > 7 ? (offset >> 3) - 7 : 0, below = offset - 8 * at;
    if (!below)
        return 0;
    uint64_t clear = ~window(bits, at, bytes) << (64 - below);
    return clear ? (uint64_t)__builtin_clzll(clear) : below;
}

/* The live range around an address; 0 where that takes bpfcc_access_slow: memory handed out by helpers, or what is not allowed at
 * all. Where bits say which bytes may be accessed, the range is theirs, as far as is worth looking. */
static int live_range(struct bpfcc_run *run, uint64_t address, uint64_t size, int write, struct bpfcc_reach *out)
{
    uint64_t slot = address >> BPFCC_SLOT_SHIFT;
    const struct bpfcc_region *region = slot < BPFCC_SLOTS ? run->slots[slot] : NULL;
    if (!region || (write && !(region->flags & BPFCC_REGION_WRITE)))
        return 0;
    uint64_t offset = address - region->base, lo = region->lo, hi = region->hi;
    if (address < region->base || offset < lo || offset >= hi)
        return 0;
    if (region->stride) {
        uint64_t start = (uint64_t)((uint32_t)offset / region->stride) * region->stride;
        lo = start > lo ? start : lo;
        hi = start + region->element < hi ? start + region->element : hi;
    }
    const uint8_t *bits = write ? region->writable : region->readable;
    if (bits) {
        uint64_t bytes = (region->hi + 7) / 8, first = offset - set_below(bits, offset, bytes), last = offset + set_above(bits, offset, bytes);
        lo = first > lo ? first : lo;
        hi = last < hi ? last : hi;
    }
    if (offset >= hi || size > hi - offset)
        return 0;
    out->lo = region->base + lo;
    out->bytes = hi - lo;
    out->delta = (uint64_t)(uintptr_t)region->host - region->base;
    return 1;
}

int bpfcc_reach(struct bpfcc_run *run, uint64_t address, uint64_t size, int write, struct bpfcc_reach *out)
{
    if (live_range(run, address, size, write, out))
        return 1;
    uint8_t *host = bpfcc_access_slow(run, address, size, write);
    if (!host)
        return 0;
    out->lo = address;
    out->bytes = size;
    out->delta = (uint64_t)(uintptr_t)host - address;
    return 1;
}

int64_t bpfcc_more_steps(struct bpfcc_run *run, int64_t steps)
{
    uint64_t need = steps < 0 ? (uint64_t)-steps : 0;
    if (run->stop && *(const volatile int32_t *)run->stop) {
        bpfcc_trap_at(run, BPFCC_TRAP_STOPPED, 0, 0);
        return 0;
    }
    if (run->steps_left < need) {
        bpfcc_trap_at(run, BPFCC_TRAP_BUDGET, 0, 0);
        run->steps_left = 0;
        return 0;
    }
    uint64_t left = run->steps_left - need;
    uint64_t slice = left < BPFCC_STEP_SLICE ? left : BPFCC_STEP_SLICE;
    run->steps_left = left - slice;
    return (int64_t)slice;
}

enum { LINK_LAYER = -0x200000, NETWORK_LAYER = -0x100000, ETHERNET_BYTES = 14 };

int64_t bpfcc_load_packet(struct bpfcc_run *run, int64_t offset, uint32_t size)
{
    if (!run->packet)
        return -1;
    if (offset < 0) {
        if (offset >= NETWORK_LAYER)
            offset += ETHERNET_BYTES - (int64_t)NETWORK_LAYER;
        else if (offset >= LINK_LAYER)
            offset -= LINK_LAYER;
        else
            return -1;
    }
    if ((uint64_t)offset + size > run->packet_end - run->packet_data)
        return -1;
    const uint8_t *data = run->packet + run->packet_data + offset;
    int64_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value = value << 8 | data[i];
    return value;
}

/* ---- for compiled code alone --------------------------------------------------------------------------------------- */

static void live_frames(struct bpfcc_run *run, uint32_t depth)
{
    run->depth = depth;
    run->slots[BPFCC_SLOT_STACK]->lo = (uint64_t)(BPFCC_MAX_FRAMES - 1 - depth) * BPFCC_FRAME_BYTES;
}

int bpfcc_push_frame(struct bpfcc_run *run, uint32_t depth)
{
    if (depth >= BPFCC_MAX_FRAMES) {
        bpfcc_trap_at(run, BPFCC_TRAP_STACK, 0, 0);
        return 0;
    }
    live_frames(run, depth);
    return 1;
}

void bpfcc_pop_frame(struct bpfcc_run *run, uint32_t depth)
{
    live_frames(run, depth);
}

void bpfcc_compiled_bind(struct bpfcc_run *run, bpfcc_invoke invoke, void *backend)
{
    run->invoke = invoke;
    run->backend = backend;
    /* Frames are pieces of memory of their own: nothing may lie across two. */
    run->slots[BPFCC_SLOT_STACK]->stride = run->slots[BPFCC_SLOT_STACK]->element = BPFCC_FRAME_BYTES;
}

void bpfcc_compiled_unbind(struct bpfcc_run *run, const void *backend)
{
    if (run->backend == backend) {
        run->backend = NULL;
        run->invoke = NULL;
    }
}
