/* States: the maps of a module by id, clock, seed, task, routes, and the log that trace_printk writes. */
#if !defined(_WIN32)
#define _GNU_SOURCE
#endif
#include <stdlib.h>
#include <string.h>

#include "helper.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <sched.h>
#include <time.h>
#endif

void bpfcc_yield(void)
{
#if defined(_WIN32)
    SwitchToThread();
#else
    sched_yield();
#endif
}

void *bpfcc_zeros(uint64_t size)
{
    return calloc(1, size ? (size_t)size : 1);
}

void bpfcc_zeros_free(void *zeros)
{
    free(zeros);
}

void bpfcc_mutex_take(struct bpfcc_mutex *mutex)
{
    unsigned spins = 0;
    while (atomic_flag_test_and_set_explicit(&mutex->taken, memory_order_acquire))
        if (++spins > 64)
            bpfcc_yield();
}

void bpfcc_mutex_release(struct bpfcc_mutex *mutex)
{
    atomic_flag_clear_explicit(&mutex->taken, memory_order_release);
}

uint64_t bpfcc_clock_ns(void)
{
#if defined(_WIN32)
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    uint64_t whole = (uint64_t)count.QuadPart / (uint64_t)frequency.QuadPart, rest = (uint64_t)count.QuadPart % (uint64_t)frequency.QuadPart;
    return whole * 1000000000u + rest * 1000000000u / (uint64_t)frequency.QuadPart;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

struct bpfcc_state *bpfcc_state_create(void)
{
    struct bpfcc_state *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->next_slot = BPFCC_SLOT_MAP_VALUES;
    state->log.limit = (size_t)16 << 20;
    state->cpus = 1;
    state->tai_offset_ns = 37000000000u;
    state->task.socket_uid = 65534; /* the overflow user, what Linux says where there is no socket */
    return state;
}

void bpfcc_state_free(struct bpfcc_state *state)
{
    if (!state)
        return;
    uint32_t count = atomic_load(&state->map_count);
    for (uint32_t id = 1; id <= count; id++)
        free(bpfcc_bound(state, id));
    for (uint32_t i = 0; i < BPFCC_MAP_CHUNKS && atomic_load(&state->chunks[i]); i++)
        free(atomic_load(&state->chunks[i]));
    bpfcc_timers_free(state);
    free(state->log.bytes);
    free(state->readable);
    free(state->routes);
    free(state->devices);
    free(state->stack);
    free(state);
}

enum { VALUE_GAP = 1 << 16 };

static void place_values(struct bpfcc_state *state, struct bpfcc_bound_map *bound, uint32_t flags)
{
    struct bpfcc_map_area area;
    if (bpfcc_map_area(bound->map, &area) || !area.host || !area.size || !bound->value_size)
        return;
    /* A gap behind the last value, so that an overrun does not meet the next map. */
    uint64_t slots = (area.size + VALUE_GAP + ((uint64_t)1 << BPFCC_SLOT_SHIFT) - 1) >> BPFCC_SLOT_SHIFT;
    bound->region = (struct bpfcc_region){
        .host = area.host, .hi = area.size, .stride = area.stride, .element = area.element, .flags = flags & BPFCC_BIND_READ_ONLY ? 0 : BPFCC_REGION_WRITE};
    if (slots > BPFCC_SLOTS - state->next_slot) {
        bound->no_room = 1;
        atomic_fetch_add(&state->maps_without_room, 1);
        return;
    }
    bound->slot = state->next_slot;
    bound->slots = (uint32_t)slots;
    bound->guest_base = bound->region.base = (uint64_t)bound->slot << BPFCC_SLOT_SHIFT;
    state->next_slot += (uint32_t)slots;
}

int bpfcc_state_add_map(struct bpfcc_state *state, struct bpfcc_map *map, uint32_t flags, uint32_t *id)
{
    const struct bpfcc_map_def *def = bpfcc_map_definition(map);
    struct bpfcc_bound_map *bound = calloc(1, sizeof *bound);
    if (!bound)
        return -BPFCC_ENOMEM;
    *bound = (struct bpfcc_bound_map){.map = map, .type = def->type, .key_size = bpfcc_map_key_bytes(map), .value_size = def->value_size,
                                      .max_entries = def->max_entries, .map_flags = def->flags};
    bpfcc_mutex_take(&state->mutex);
    uint32_t count = atomic_load(&state->map_count), chunk = count / BPFCC_MAP_CHUNK;
    struct bpfcc_bound_map **list = chunk < BPFCC_MAP_CHUNKS ? atomic_load(&state->chunks[chunk]) : NULL;
    if (!list && chunk < BPFCC_MAP_CHUNKS) {
        list = calloc(BPFCC_MAP_CHUNK, sizeof *list);
        atomic_store(&state->chunks[chunk], list);
    }
    if (list) {
        bound->id = *id = count + 1;
        place_values(state, bound, flags);
        list[count % BPFCC_MAP_CHUNK] = bound;
        atomic_store_explicit(&state->map_count, count + 1, memory_order_release);
    }
    bpfcc_mutex_release(&state->mutex);
    if (!list)
        free(bound);
    return list ? 0 : -BPFCC_ENOSPC;
}

uint64_t bpfcc_state_map_base(const struct bpfcc_state *state, uint32_t id)
{
    const struct bpfcc_bound_map *bound = bpfcc_bound(state, id);
    return bound ? bound->guest_base : 0;
}

void *bpfcc_state_map_host(const struct bpfcc_state *state, uint32_t id)
{
    const struct bpfcc_bound_map *bound = bpfcc_bound(state, id);
    return bound ? bound->region.host : NULL;
}

struct bpfcc_map *bpfcc_state_map(const struct bpfcc_state *state, uint32_t id)
{
    const struct bpfcc_bound_map *bound = bpfcc_bound(state, id);
    return bound ? bound->map : NULL;
}

void bpfcc_state_set_clock(struct bpfcc_state *state, uint32_t mode, uint64_t ns)
{
    atomic_store(&state->clock_ns, ns);
    atomic_store(&state->clock_mode, mode);
}

void bpfcc_state_set_clock_offsets(struct bpfcc_state *state, uint64_t boot_ns, uint64_t real_ns, uint64_t tai_ns)
{
    state->boot_offset_ns = boot_ns;
    state->real_offset_ns = real_ns;
    state->tai_offset_ns = tai_ns;
}

uint64_t bpfcc_state_now(const struct bpfcc_state *state)
{
    if (atomic_load_explicit(&((struct bpfcc_state *)state)->clock_mode, memory_order_relaxed) == BPFCC_CLOCK_DRIVEN)
        return atomic_load_explicit(&((struct bpfcc_state *)state)->clock_ns, memory_order_relaxed);
    return bpfcc_clock_ns();
}

void bpfcc_state_set_seed(struct bpfcc_state *state, uint64_t seed)
{
    state->seed = seed;
    for (uint32_t i = 0; i < BPFCC_RANDOM_LANES; i++)
        atomic_store(&state->random[i].count, 0);
}

void bpfcc_state_set_cpus(struct bpfcc_state *state, uint32_t cpus)
{
    state->cpus = cpus;
}

void bpfcc_state_set_task(struct bpfcc_state *state, const struct bpfcc_task *task)
{
    state->task = *task;
    state->task.comm[sizeof task->comm - 1] = 0;
    if (state->task.ancestor_count > 8)
        state->task.ancestor_count = 8;
}

static int copy_list(void **list, uint32_t *count, const void *from, uint32_t n, size_t each)
{
    void *copy = NULL;
    if (n) {
        copy = calloc(n, each);
        if (!copy)
            return -BPFCC_ENOMEM;
        memcpy(copy, from, n * each);
    }
    free(*list);
    *list = copy;
    *count = n;
    return 0;
}

int bpfcc_state_set_readable(struct bpfcc_state *state, const struct bpfcc_readable *list, uint32_t count)
{
    return copy_list((void **)&state->readable, &state->readable_count, list, count, sizeof *list);
}

int bpfcc_state_set_routes(struct bpfcc_state *state, const struct bpfcc_route *list, uint32_t count)
{
    return copy_list((void **)&state->routes, &state->route_count, list, count, sizeof *list);
}

int bpfcc_state_set_devices(struct bpfcc_state *state, const struct bpfcc_device *list, uint32_t count)
{
    return copy_list((void **)&state->devices, &state->device_count, list, count, sizeof *list);
}

int bpfcc_state_set_stack(struct bpfcc_state *state, const uint64_t *list, uint32_t count)
{
    state->stack_set = 1;
    return copy_list((void **)&state->stack, &state->stack_count, list, count, sizeof *list);
}

/* ---- the log ---------------------------------------------------------------------------------------------------- */

void bpfcc_state_set_log_limit(struct bpfcc_state *state, uint64_t bytes)
{
    state->log.limit = (size_t)bytes;
}

static uint8_t *log_room(struct bpfcc_log *log, size_t need)
{
    if (need > log->limit || log->used > log->limit - need)
        return NULL;
    if (log->used + need > log->capacity) {
        size_t capacity = log->capacity ? log->capacity * 2 : 4096;
        while (capacity < log->used + need)
            capacity *= 2;
        uint8_t *bytes = realloc(log->bytes, capacity);
        if (!bytes)
            return NULL;
        log->bytes = bytes;
        log->capacity = capacity;
    }
    return log->bytes + log->used;
}

void bpfcc_log_add(struct bpfcc_run *run, uint32_t kind, const void *head, uint32_t head_length, const void *bytes, uint32_t length)
{
    struct bpfcc_log *log = &run->state->log;
    uint32_t total = head_length + length, padded = (total + 7) & ~(uint32_t)7;
    struct bpfcc_log_record record = {.kind = kind, .cpu = run->cpu, .time_ns = bpfcc_state_now(run->state), .length = total, .padded = padded};
    bpfcc_mutex_take(&log->mutex);
    uint8_t *out = log_room(log, sizeof record + padded);
    if (out) {
        memcpy(out, &record, sizeof record);
        memset(out + sizeof record, 0, padded);
        if (head_length)
            memcpy(out + sizeof record, head, head_length);
        if (length)
            memcpy(out + sizeof record + head_length, bytes, length);
        log->used += sizeof record + padded;
    } else {
        log->dropped++;
    }
    bpfcc_mutex_release(&log->mutex);
}

uint64_t bpfcc_state_take_log(struct bpfcc_state *state, uint8_t *out, uint64_t capacity)
{
    struct bpfcc_log *log = &state->log;
    uint64_t taken = 0;
    bpfcc_mutex_take(&log->mutex);
    if (!out) {
        taken = log->used;
    } else {
        while (taken < log->used) {
            struct bpfcc_log_record record;
            memcpy(&record, log->bytes + taken, sizeof record);
            if (taken + sizeof record + record.padded > capacity)
                break;
            taken += sizeof record + record.padded;
        }
        if (taken)
            memcpy(out, log->bytes, taken);
        log->used -= taken;
        if (log->used)
            memmove(log->bytes, log->bytes + taken, log->used);
    }
    bpfcc_mutex_release(&log->mutex);
    return taken;
}

uint64_t bpfcc_state_log_dropped(struct bpfcc_state *state)
{
    bpfcc_mutex_take(&state->log.mutex);
    uint64_t dropped = state->log.dropped;
    bpfcc_mutex_release(&state->log.mutex);
    return dropped;
}
