/* Timers in map values, on the state's clock: nothing fires by itself, the caller says when (bpfcc_timers_fire).
 *
 * The first word of a value's struct bpf_timer holds the timer's number. A value that was deleted, or whose place went
 * to another entry, no longer has it, and the timer is forgotten when it comes due.
 */
#include <stdlib.h>

#include "helper.h"

enum {
    CLOCK_REALTIME_ID = 0,
    CLOCK_MONOTONIC_ID = 1,
    CLOCK_BOOTTIME_ID = 7,
    TIMER_ABSOLUTE = 1,
    TIMER_PINNED = 2,
    EDEADLK_NUMBER = 35,
};

struct bpfcc_timer {
    struct bpfcc_timer *next;
    uint8_t *host; /* the struct bpf_timer in the value */
    struct bpfcc_bound_map *map;
    uint64_t number, due;
    uint32_t function, has_function, armed, clock, running;
};

static uint64_t number_at(const uint8_t *host)
{
    uint64_t number;
    memcpy(&number, host, sizeof number);
    return number;
}

static struct bpfcc_timer *find(struct bpfcc_state *state, const uint8_t *host)
{
    for (struct bpfcc_timer *t = state->timers; t; t = t->next)
        if (t->host == host && t->number == number_at(host))
            return t;
    return NULL;
}

static void forget(struct bpfcc_state *state, struct bpfcc_timer *timer)
{
    for (struct bpfcc_timer **at = &state->timers; *at; at = &(*at)->next)
        if (*at == timer) {
            *at = timer->next;
            free(timer);
            return;
        }
}

static uint8_t *argument(struct bpfcc_run *run, uint64_t address)
{
    return bpfcc_access(run, address, 16, 1);
}

static uint64_t init(struct bpfcc_state *state, struct bpfcc_bound_map *map, uint8_t *host, uint32_t clock)
{
    if (find(state, host))
        return BPFCC_ERR(BPFCC_EBUSY);
    struct bpfcc_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return BPFCC_ERR(BPFCC_ENOMEM);
    struct bpfcc_timer *old = NULL; /* of an entry that is gone, at the same place */
    for (struct bpfcc_timer *t = state->timers; t && !old; t = t->next)
        old = t->host == host ? t : NULL;
    *timer = (struct bpfcc_timer){.host = host, .map = map, .number = ++state->timer_number, .clock = clock};
    if (old && !old->running)
        forget(state, old);
    timer->next = state->timers;
    state->timers = timer;
    memcpy(host, &timer->number, sizeof timer->number);
    return 0;
}

HELPER(timer_init)
{
    struct bpfcc_bound_map *map = bpfcc_map_argument(run, r2);
    uint8_t *host = map ? argument(run, r1) : NULL;
    if (!host || (r3 != CLOCK_REALTIME_ID && r3 != CLOCK_MONOTONIC_ID && r3 != CLOCK_BOOTTIME_ID))
        return BPFCC_ERR(BPFCC_EINVAL);
    if (!map->region.host || host < map->region.host || host >= map->region.host + map->region.hi) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r1, 16);
        return BPFCC_ERR(BPFCC_EINVAL);
    }
    bpfcc_mutex_take(&run->state->timer_mutex);
    uint64_t result = init(run->state, map, host, (uint32_t)r3);
    bpfcc_mutex_release(&run->state->timer_mutex);
    return result;
}

HELPER(timer_set_callback)
{
    uint8_t *host = argument(run, r1);
    int64_t function = host ? bpfcc_callback(run, r2) : -1;
    uint64_t result = BPFCC_ERR(BPFCC_EINVAL);
    if (function < 0)
        return result;
    bpfcc_mutex_take(&run->state->timer_mutex);
    struct bpfcc_timer *timer = find(run->state, host);
    if (timer) {
        timer->function = (uint32_t)function;
        timer->has_function = 1;
        result = 0;
    }
    bpfcc_mutex_release(&run->state->timer_mutex);
    return result;
}

static uint64_t offset_of(const struct bpfcc_state *state, uint32_t clock)
{
    return clock == CLOCK_REALTIME_ID ? state->real_offset_ns : clock == CLOCK_BOOTTIME_ID ? state->boot_offset_ns : 0;
}

HELPER(timer_start)
{
    uint8_t *host = argument(run, r1);
    uint64_t result = BPFCC_ERR(BPFCC_EINVAL);
    if (!host || r3 & ~(uint64_t)(TIMER_ABSOLUTE | TIMER_PINNED))
        return result;
    bpfcc_mutex_take(&run->state->timer_mutex);
    struct bpfcc_timer *timer = find(run->state, host);
    if (timer && timer->has_function) {
        uint64_t now = bpfcc_state_now(run->state), base = offset_of(run->state, timer->clock);
        if (r3 & TIMER_ABSOLUTE)
            timer->due = r2 > base ? r2 - base : 0;
        else
            timer->due = r2 > INT64_MAX - now ? INT64_MAX : now + r2;
        timer->armed = 1;
        result = 0;
    }
    bpfcc_mutex_release(&run->state->timer_mutex);
    return result;
}

HELPER(timer_cancel)
{
    uint8_t *host = argument(run, r1);
    uint64_t result = BPFCC_ERR(BPFCC_EINVAL);
    if (!host)
        return result;
    bpfcc_mutex_take(&run->state->timer_mutex);
    struct bpfcc_timer *timer = find(run->state, host);
    if (timer && timer->running) {
        result = BPFCC_ERR(EDEADLK_NUMBER);
    } else if (timer) {
        result = timer->armed;
        timer->armed = 0;
        timer->has_function = 0;
    }
    bpfcc_mutex_release(&run->state->timer_mutex);
    return result;
}

void bpfcc_timers_free(struct bpfcc_state *state)
{
    while (state->timers)
        forget(state, state->timers);
}

static struct bpfcc_timer *first_due(struct bpfcc_state *state)
{
    struct bpfcc_timer *first = NULL;
    for (struct bpfcc_timer *t = state->timers; t; t = t->next)
        if (t->armed && (!first || t->due < first->due || (t->due == first->due && t->number < first->number)))
            first = t;
    return first;
}

uint64_t bpfcc_timers_next(struct bpfcc_state *state)
{
    bpfcc_mutex_take(&state->timer_mutex);
    struct bpfcc_timer *first = first_due(state);
    uint64_t due = first ? first->due : UINT64_MAX;
    bpfcc_mutex_release(&state->timer_mutex);
    return due;
}

/* The entry whose value holds the timer; NULL when it is gone. The key is copied to `key`. */
static void *entry_of(struct bpfcc_run *run, const struct bpfcc_timer *timer, uint8_t *key)
{
    uint64_t cursor = 0;
    void *value;
    while (!bpfcc_map_each(timer->map->map, &cursor, key, &value, run->cpu))
        if (timer->host >= (uint8_t *)value && timer->host < (uint8_t *)value + timer->map->value_size)
            return value;
    return NULL;
}

static int fire(struct bpfcc_run *run, struct bpfcc_timer *timer, uint64_t steps)
{
    uint8_t *key = malloc(timer->map->key_size + 1u);
    int fired = 0;
    if (!key || bpfcc_run_begin(run, steps)) {
        free(key);
        return 0;
    }
    void *value = number_at(timer->host) == timer->number ? entry_of(run, timer, key) : NULL;
    uint64_t key_address = value ? bpfcc_grant(run, key, timer->map->key_size, BPFCC_GRANT_KEY, 0, timer->map) : 0;
    if (key_address) {
        run->invoke(run, timer->function, BPFCC_MAP_HANDLE(timer->map->id), key_address, bpfcc_value_address(run, timer->map, value), 0, 0);
        fired = 1;
    }
    bpfcc_run_end(run);
    free(key);
    return fired;
}

uint32_t bpfcc_timers_fire(struct bpfcc_run *run, uint64_t steps)
{
    struct bpfcc_state *state = run->state;
    uint64_t now = bpfcc_state_now(state);
    uint32_t count = 0;
    /* What a callback starts anew may be due at once: the limit ends that. */
    for (uint32_t rounds = 0; rounds < 65536 && run->invoke; rounds++) {
        bpfcc_mutex_take(&state->timer_mutex);
        struct bpfcc_timer *timer = first_due(state);
        if (timer && timer->due <= now)
            timer->armed = 0, timer->running = 1;
        else
            timer = NULL;
        bpfcc_mutex_release(&state->timer_mutex);
        if (!timer)
            break;
        int fired = fire(run, timer, steps);
        bpfcc_mutex_take(&state->timer_mutex);
        timer->running = 0;
        if (!fired)
            forget(state, timer);
        bpfcc_mutex_release(&state->timer_mutex);
        count += (uint32_t)fired;
        if (run->trap)
            break;
    }
    return count;
}
