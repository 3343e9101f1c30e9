/* One range of memory for everything that a map stores: header, table, keys, values.
 *
 * What lies inside refers to itself by index or offset only, never by address, so that the same bytes can be mapped
 * at different places. Pages are committed when they are touched.
 */
#ifndef BPFCC_ARENA_H
#define BPFCC_ARENA_H

#include "map_platform.h"

struct arena {
    uint8_t *base;
    uint64_t size;
};

/* The layout is planned first: each call gives the offset of the next part. Sums saturate, and reserving them fails. */
uint64_t arena_plan(uint64_t *size, uint64_t count, uint64_t stride, uint64_t align);
int arena_reserve(struct arena *arena, uint64_t size);
void arena_release(struct arena *arena);

#endif
