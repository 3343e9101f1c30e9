/* Which entry an LRU map gives up: second chance, with a hand that goes round over the slots.
 *
 * A lookup by a program marks the slot as used. The hand clears the mark of what was used since it last came by, and
 * evicts what was not. Small maps are exact; in large ones the hand takes several at a time.
 */
#include "map_hash.h"

enum { EXACT_BELOW = 1024, STRIDE = 16, LOOK_AT_MOST = 4096 };

/* Evicts from a window of slots; says how many. */
static uint32_t sweep(struct hash_map *hash, uint32_t first, uint32_t slots, uint32_t used, bool forced)
{
    uint32_t evicted = 0;
    for (uint32_t i = 0; i < slots; i++) {
        uint32_t slot = (first + i) % used + 1;
        uint8_t state = __atomic_load_n(&hash->states[slot], __ATOMIC_ACQUIRE);
        if (state == LRU_FREE)
            continue;
        if (state == LRU_USED && !forced) {
            __atomic_compare_exchange_n(&hash->states[slot], &state, LRU_LIVE, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
            continue;
        }
        evicted += hash_remove_slot(hash, slot);
    }
    return evicted;
}

bool lru_evict(struct hash_map *hash)
{
    uint32_t stride = hash->limit < EXACT_BELOW ? 1 : STRIDE;
    for (uint32_t looked = 0; looked < 4 * hash->pool.slots; looked += stride) {
        uint32_t used = __atomic_load_n(&hash->shared->pool.used, __ATOMIC_RELAXED);
        if (used == 0)
            return false;
        uint32_t hand = __atomic_fetch_add(&hash->shared->hand, stride, __ATOMIC_RELAXED) % used;
        if (sweep(hash, hand, stride, used, looked >= LOOK_AT_MOST))
            return true;
    }
    return false;
}
