#include "ring.h"

/* struct ring_header { uint32_t length and RING_BUSY, RING_DISCARD; uint32_t unused; } */

static uint32_t *header_at(const struct ring *ring, uint64_t position)
{
    return (uint32_t *)(void *)(ring->data + (position & (ring->bytes - 1)));
}

static uint64_t record_bytes(uint32_t length)
{
    return ROUND_UP((uint64_t)(length & ~(RING_BUSY | RING_DISCARD)) + RING_HEADER, 8);
}

/* Moves `pending` over what has been committed meanwhile: a record that is still busy keeps its room from being
 * reserved again even after a consumer went past it. With the lock. */
static uint64_t move_pending(const struct ring *ring, uint64_t producer)
{
    uint64_t pending = ring->shared->pending;
    while (pending < producer) {
        uint32_t length = __atomic_load_n(header_at(ring, pending), __ATOMIC_ACQUIRE);
        if (length & RING_BUSY)
            break;
        pending += record_bytes(length);
    }
    ring->shared->pending = pending;
    return pending;
}

uint8_t *ring_begin(const struct ring *ring, uint64_t size)
{
    struct ring_shared *shared = ring->shared;
    uint64_t bytes = ROUND_UP(size + RING_HEADER, 8);
    if (size > UINT32_MAX / 4 || bytes > ring->bytes)
        return NULL;
    spin_lock(&shared->lock);
    uint64_t producer = shared->producer, next = producer + bytes;
    uint64_t consumer = __atomic_load_n(&shared->consumer, __ATOMIC_ACQUIRE);
    bool full = next - consumer > ring->bytes - 1 || next - move_pending(ring, producer) > ring->bytes - 1;
    uint32_t *header = header_at(ring, producer);
    if (!full) {
        __atomic_store_n(header, (uint32_t)size | RING_BUSY, __ATOMIC_RELAXED);
        __atomic_store_n(&shared->producer, next, __ATOMIC_RELEASE);
    } else {
        __atomic_fetch_add(&shared->lost, 1, __ATOMIC_RELAXED);
    }
    spin_unlock(&shared->lock);
    return full ? NULL : (uint8_t *)header + RING_HEADER;
}

bool ring_end(const struct ring *ring, uint8_t *record, bool discard)
{
    uint32_t *header = (uint32_t *)(void *)(record - RING_HEADER);
    uint32_t length = __atomic_load_n(header, __ATOMIC_RELAXED) & ~(uint32_t)RING_BUSY;
    uint64_t offset = (uint64_t)((uint8_t *)header - ring->data);
    /* Sequentially consistent, as is the consumer's store of its position: one of the two sees the other. */
    __atomic_store_n(header, discard ? length | RING_DISCARD : length, __ATOMIC_SEQ_CST);
    return (__atomic_load_n(&ring->shared->consumer, __ATOMIC_SEQ_CST) & (ring->bytes - 1)) == offset;
}

bool ring_has_record(const struct ring *ring)
{
    uint64_t consumer = __atomic_load_n(&ring->shared->consumer, __ATOMIC_SEQ_CST);
    while (consumer < __atomic_load_n(&ring->shared->producer, __ATOMIC_SEQ_CST)) {
        uint32_t length = __atomic_load_n(header_at(ring, consumer), __ATOMIC_SEQ_CST);
        if (length & RING_BUSY)
            return false;
        if (!(length & RING_DISCARD))
            return true;
        /* Stepping over it is part of consuming: the next producer must see that its record is the one waited for. */
        consumer += record_bytes(length);
        __atomic_store_n(&ring->shared->consumer, consumer, __ATOMIC_SEQ_CST);
    }
    return false;
}

int64_t ring_copy(const struct ring *ring, uint8_t *buffer, uint64_t size, uint64_t *needed)
{
    uint64_t consumer = __atomic_load_n(&ring->shared->consumer, __ATOMIC_RELAXED), used = 0;
    int64_t error = 0;
    while (consumer < __atomic_load_n(&ring->shared->producer, __ATOMIC_ACQUIRE)) {
        uint32_t *header = header_at(ring, consumer), length = __atomic_load_n(header, __ATOMIC_ACQUIRE);
        if (length & RING_BUSY)
            break;
        if (!(length & RING_DISCARD)) {
            uint64_t bytes = ROUND_UP((uint64_t)length + 4, 8);
            if (bytes > size - used) {
                if (used == 0) {
                    error = -E_NOSPC;
                    *needed = bytes;
                }
                break;
            }
            memcpy(buffer + used, &length, 4);
            memcpy(buffer + used + 4, (const uint8_t *)header + RING_HEADER, length);
            used += bytes;
        }
        consumer += record_bytes(length);
    }
    __atomic_store_n(&ring->shared->consumer, consumer, __ATOMIC_SEQ_CST);
    return error ? error : (int64_t)used;
}
