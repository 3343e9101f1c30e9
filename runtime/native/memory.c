/* Guest memory: what an address of a checked run may reach, and the memory that helpers hand out.
 *
 *   0x0100_0e00 + 512     the frame of the entry function        slots[1] -> outcome->stack
 *   0x0300_0000 + n * 1M  the packet; n changes when it moves    slots[3] -> outcome->packet
 *   0x0500_0000 ..        reservations, in the order made        slots[5] -> the one used last, then the list
 */
#include <string.h>

#include "state.h"

static uint8_t nothing[1]; /* what an access of no bytes gets: not NULL, never dereferenced */

static int bit(const uint8_t *bits, uint64_t index)
{
    return bits[index >> 3] >> (index & 7) & 1;
}

static int all_bits(const uint8_t *bits, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (!bit(bits, first + i))
            return 0;
    return 1;
}

static uint8_t *in_region(const struct bpfcc_region *region, uint64_t address, uint64_t size, int write)
{
    uint64_t offset = address - region->base;
    if (address < region->base || offset < region->lo || offset > region->hi || size > region->hi - offset)
        return NULL;
    if (region->stride) {
        uint64_t within = offset % region->stride;
        if (within > region->element || size > region->element - within)
            return NULL;
    }
    if (write) {
        if (!(region->flags & BPFCC_REGION_WRITE) || (region->writable && !all_bits(region->writable, offset, size)))
            return NULL;
    } else if (region->readable && !all_bits(region->readable, offset, size)) {
        return NULL;
    }
    return region->host + offset;
}

/* Reservations share one slot: the region of that slot is the one used last, so that the fast path finds it. */
static uint8_t *in_grants(struct bpfcc_run *run, uint64_t address, uint64_t size, int write)
{
    struct bpfcc_outcome *outcome = run->outcome;
    for (uint32_t i = 0; i < outcome->grant_count; i++) {
        struct bpfcc_grant *grant = &outcome->grants[i];
        if (grant->kind == BPFCC_GRANT_FREE || address < grant->address || address - grant->address > grant->size)
            continue;
        if (size > grant->size - (address - grant->address) || (write && !grant->writable))
            continue;
        outcome->ring = (struct bpfcc_region){
            .host = grant->host, .base = grant->address, .lo = 0, .hi = grant->size, .flags = grant->writable ? BPFCC_REGION_WRITE : 0};
        run->slots[BPFCC_SLOT_RING] = &outcome->ring;
        return grant->host + (address - grant->address);
    }
    return NULL;
}

static uint8_t *resolve(struct bpfcc_run *run, uint64_t address, uint64_t size, int write)
{
    if (!size)
        return nothing;
    if (address >> 32)
        return NULL;
    struct bpfcc_region *region = run->slots[address >> BPFCC_SLOT_SHIFT];
    uint8_t *host = region ? in_region(region, address, size, write) : NULL;
    if (!host && address >> BPFCC_SLOT_SHIFT == BPFCC_SLOT_RING)
        host = in_grants(run, address, size, write);
    return host;
}

void *bpfcc_access_slow(struct bpfcc_run *run, uint64_t address, uint64_t size, int write)
{
    uint8_t *host = resolve(run, address, size, write);
    if (!host)
        bpfcc_trap_at(run, BPFCC_TRAP_ACCESS, address, size);
    return host;
}

/* ---- probing ------------------------------------------------------------------------------------------------ */

static const uint8_t *span_of(uint64_t address, uint64_t start, uint64_t size, const uint8_t *host, uint64_t want, uint64_t *span)
{
    if (address < start || address - start >= size)
        return NULL;
    uint64_t left = size - (address - start);
    *span = want < left ? want : left;
    return host + (address - start);
}

/* Unchecked runs hold host pointers: only memory that belongs to the run answers. */
static const uint8_t *probe_host(struct bpfcc_run *run, uint64_t address, uint64_t size, uint64_t *span)
{
    struct bpfcc_outcome *o = run->outcome;
    const uint8_t *found = span_of(address, (uintptr_t)run->frames, sizeof o->frames, run->frames, size, span);
    if (!found && run->context)
        found = span_of(address, (uintptr_t)run->context, run->context_size, run->context, size, span);
    if (!found && run->packet)
        found = span_of(address, (uintptr_t)(run->packet + run->packet_meta), run->packet_end - run->packet_meta, run->packet + run->packet_meta, size, span);
    for (uint32_t i = 0; !found && i < BPFCC_USER_REGIONS; i++)
        if (o->user[i].host)
            found = span_of(address, (uintptr_t)o->user[i].host, o->user[i].hi, o->user[i].host, size, span);
    for (uint32_t i = 0; !found && i < o->grant_count; i++)
        if (o->grants[i].kind)
            found = span_of(address, o->grants[i].address, o->grants[i].size, o->grants[i].host, size, span);
    uint32_t maps = atomic_load_explicit(&run->state->map_count, memory_order_acquire);
    for (uint32_t id = 1; !found && id <= maps; id++) {
        struct bpfcc_region *region = &bpfcc_bound(run->state, id)->region;
        if (region->host)
            found = span_of(address, (uintptr_t)region->host, region->hi, region->host, size, span);
    }
    return found;
}

static const uint8_t *probe_guest(struct bpfcc_run *run, uint64_t address, uint64_t size, uint64_t *span)
{
    const uint8_t *host = resolve(run, address, size, 0);
    if (host) {
        *span = size;
        return host;
    }
    if (address >> 32 || !resolve(run, address, 1, 0))
        return NULL;
    uint64_t low = 1, high = size; /* low bytes are readable, high are not */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (resolve(run, address, middle, 0))
            low = middle;
        else
            high = middle;
    }
    *span = low;
    return resolve(run, address, low, 0);
}

const uint8_t *bpfcc_probe_span(struct bpfcc_run *run, uint64_t address, uint64_t size, uint64_t *span)
{
    const struct bpfcc_state *state = run->state;
    *span = 0;
    if (!size)
        return nothing;
    for (uint32_t i = 0; i < state->readable_count; i++) {
        const struct bpfcc_readable *r = &state->readable[i];
        const uint8_t *found = span_of(address, r->address, r->size, r->host, size, span);
        if (found)
            return found;
    }
    return run->checked ? probe_guest(run, address, size, span) : probe_host(run, address, size, span);
}

const void *bpfcc_probe(struct bpfcc_run *run, uint64_t address, uint64_t size)
{
    uint64_t span;
    const uint8_t *host = bpfcc_probe_span(run, address, size, &span);
    return host && span >= size ? host : NULL;
}

/* ---- memory handed out ----------------------------------------------------------------------------------------- */

uint64_t bpfcc_grant(struct bpfcc_run *run, uint8_t *host, uint64_t size, uint32_t kind, int writable, struct bpfcc_bound_map *map)
{
    struct bpfcc_outcome *o = run->outcome;
    struct bpfcc_grant *grant = NULL;
    for (uint32_t i = 0; i < o->grant_count && !grant; i++)
        if (o->grants[i].kind == BPFCC_GRANT_FREE)
            grant = &o->grants[i];
    if (!grant && o->grant_count < BPFCC_MAX_GRANTS)
        grant = &o->grants[o->grant_count++];
    if (!grant)
        return 0;
    uint64_t address = (uint64_t)(uintptr_t)host;
    if (run->checked) {
        /* Never the same address twice while anything is out, and a gap, so that an overrun meets nothing. */
        uint64_t room = ((size + 7) & ~(uint64_t)7) + 64;
        if (room > ((uint64_t)1 << BPFCC_SLOT_SHIFT) - o->ring_next)
            return 0;
        address = BPFCC_RING_BASE + o->ring_next;
        o->ring_next += room;
    }
    *grant = (struct bpfcc_grant){.address = address, .host = host, .size = size, .kind = kind, .writable = (uint32_t)writable, .map = map};
    return address;
}

struct bpfcc_grant *bpfcc_grant_find(struct bpfcc_run *run, uint64_t address, uint32_t kind)
{
    struct bpfcc_outcome *o = run->outcome;
    for (uint32_t i = 0; i < o->grant_count; i++)
        if (o->grants[i].kind == kind && o->grants[i].address == address)
            return &o->grants[i];
    return NULL;
}

void bpfcc_grant_take_back(struct bpfcc_run *run, struct bpfcc_grant *grant)
{
    struct bpfcc_outcome *o = run->outcome;
    if (run->slots[BPFCC_SLOT_RING] && o->ring.base == grant->address)
        run->slots[BPFCC_SLOT_RING] = NULL;
    grant->kind = BPFCC_GRANT_FREE;
    while (o->grant_count && o->grants[o->grant_count - 1].kind == BPFCC_GRANT_FREE)
        o->grant_count--;
    if (!o->grant_count && o->ring_next > (uint64_t)1 << (BPFCC_SLOT_SHIFT - 1))
        o->ring_next = 0; /* addresses are used again only when half the slot is spent */
}
