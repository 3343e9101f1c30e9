/* A ring of records: many producers, one consumer, Linux's accounting.
 *
 * Positions count bytes and only grow. A record is an 8-byte header and its payload, rounded up to 8. There is room for
 * twice the ring, so that a record that begins near the end simply goes on: it stays in one piece, the part of the
 * ring's beginning that it stands for stays unused, and exactly as many records fit as in Linux, which maps its ring twice.
 */
#ifndef BPFCC_RING_H
#define BPFCC_RING_H

#include "map_internal.h"

enum { RING_HEADER = 8, RING_NO_WAKEUP = 1, RING_FORCE_WAKEUP = 2 };
#define RING_BUSY ((uint32_t)1 << 31)
#define RING_DISCARD ((uint32_t)1 << 30)

/* Lies in the arena, zeroed. */
struct ring_shared {
    _Alignas(MAP_LINE) uint32_t lock;
    uint64_t pending;                      /* the oldest record that was not committed when last looked at */
    _Alignas(MAP_LINE) uint64_t producer;  /* where the next record begins */
    _Alignas(MAP_LINE) uint64_t consumer;  /* where the oldest record begins */
    _Alignas(MAP_LINE) uint64_t lost;      /* records that found no room */
};

struct ring {
    struct ring_shared *shared;
    uint8_t *data; /* 2 * bytes */
    uint64_t bytes;
};

uint8_t *ring_begin(const struct ring *ring, uint64_t size);
/* Says whether the consumer was waiting for just this record. */
bool ring_end(const struct ring *ring, uint8_t *record, bool discard);
/* For the consumer: steps over discarded records, too. */
bool ring_has_record(const struct ring *ring);
int64_t ring_copy(const struct ring *ring, uint8_t *buffer, uint64_t size, uint64_t *needed);

#endif
