#include "epoch.h"

enum { EPOCH_SLOTS = 256, EPOCH_MASK = 0x7fffffff, UNTRACKED = 0xffffffff };

struct announcement {
    _Alignas(MAP_LINE) uint32_t state; /* 0 = idle, else epoch << 1 | 1 */
};

static struct announcement announcements[EPOCH_SLOTS];
static _Alignas(MAP_LINE) uint32_t epoch_now = 2;
static _Alignas(MAP_LINE) uint32_t slots_seen; /* slots at and above this were never used */
static uint32_t untracked;                     /* runs that found no slot: while there is one, nothing moves on */

static void raise_seen(uint32_t slots)
{
    uint32_t seen = __atomic_load_n(&slots_seen, __ATOMIC_RELAXED);
    while (seen < slots && !__atomic_compare_exchange_n(&slots_seen, &seen, slots, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
}

uint32_t bpfcc_run_enter(void)
{
    uint32_t first = platform_thread();
    for (uint32_t i = 0; i < EPOCH_SLOTS; i++) {
        uint32_t slot = (first + i) % EPOCH_SLOTS, idle = 0;
        raise_seen(slot + 1);
        uint32_t state = (__atomic_load_n(&epoch_now, __ATOMIC_ACQUIRE) & EPOCH_MASK) << 1 | 1;
        if (__atomic_compare_exchange_n(&announcements[slot].state, &idle, state, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
            fence_after_rmw();
            return slot;
        }
    }
    __atomic_fetch_add(&untracked, 1, __ATOMIC_SEQ_CST);
    fence_after_rmw();
    return UNTRACKED;
}

void bpfcc_run_leave(uint32_t ticket)
{
    if (ticket < EPOCH_SLOTS)
        __atomic_store_n(&announcements[ticket].state, 0, __ATOMIC_RELEASE);
    else if (ticket == UNTRACKED)
        __atomic_fetch_sub(&untracked, 1, __ATOMIC_RELEASE);
}

uint32_t epoch_stamp(void)
{
    fence_after_rmw();
    return __atomic_load_n(&epoch_now, __ATOMIC_SEQ_CST);
}

uint32_t epoch_present(void)
{
    return __atomic_load_n(&epoch_now, __ATOMIC_RELAXED);
}

/* A late announcement of an old epoch only holds the epoch back, so nothing needs to be read twice. */
static bool advance(void)
{
    uint32_t now = __atomic_load_n(&epoch_now, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&untracked, __ATOMIC_SEQ_CST) != 0)
        return false;
    uint32_t seen = __atomic_load_n(&slots_seen, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < seen; i++) {
        uint32_t state = __atomic_load_n(&announcements[i].state, __ATOMIC_SEQ_CST);
        if (state != 0 && state >> 1 != (now & EPOCH_MASK))
            return false;
    }
    __atomic_compare_exchange_n(&epoch_now, &now, now + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    return true;
}

bool epoch_passed(uint32_t stamp)
{
    do {
        if ((int32_t)(__atomic_load_n(&epoch_now, __ATOMIC_SEQ_CST) - stamp) >= 2)
            return true;
    } while (advance());
    return false;
}
