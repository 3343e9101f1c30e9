/* Windows' helpers: its own ids and error numbers over the same maps, clocks and buffers.
 *
 * Errors are negative ebpf_result_t. What needs a Windows machine behind it (logon ids, redirect contexts) is not here,
 * and programs that call it cannot be prepared.
 */
#include <stdlib.h>

#include "helper.h"

enum {
    RESULT_INVALID_ARGUMENT = 6,
    RESULT_OBJECT_NOT_FOUND = 7,
    RESULT_ALREADY_EXISTS = 8,
    RESULT_NO_MEMORY = 12,
    RESULT_NOT_SUPPORTED = 18,
    RESULT_KEY_NOT_FOUND = 19,
    RESULT_NO_MORE_TAIL_CALLS = 27,
    RESULT_OUT_OF_SPACE = 29,
    LAST_GENERAL = 35,
    TYPE_XDP = 1,
    FIRST_OWN = 65536,
    MAX_STRING = 512,
};

/* STATUS_INVALID_PARAMETER, STATUS_BUFFER_OVERFLOW. */
#define STATUS_INVALID ((uint64_t)(int64_t)(int32_t)0xC000000Du)
#define STATUS_OVERFLOW ((uint64_t)(int64_t)(int32_t)0x80000005u)
#define RESULT(number) ((uint64_t)(int64_t)(-(number)))
#define ARGS r1, r2, r3, r4, r5, run
#define WINDOWS(name)                                                                                                    \
    static uint64_t w_##name(uint64_t r1 BPFCC_UNUSED, uint64_t r2 BPFCC_UNUSED, uint64_t r3 BPFCC_UNUSED,               \
                             uint64_t r4 BPFCC_UNUSED, uint64_t r5 BPFCC_UNUSED, struct bpfcc_run *run BPFCC_UNUSED)

static uint64_t translated(uint64_t linux_result, int missing, int full)
{
    int64_t value = (int64_t)linux_result;
    if (value >= 0)
        return linux_result;
    switch (-value) {
    case BPFCC_ENOENT:
        return RESULT(missing);
    case BPFCC_EEXIST:
        return RESULT(RESULT_ALREADY_EXISTS);
    case BPFCC_E2BIG:
        return RESULT(full);
    case BPFCC_ENOMEM:
    case BPFCC_ENOSPC:
    case BPFCC_EAGAIN:
        return RESULT(RESULT_NO_MEMORY);
    case BPFCC_EOPNOTSUPP:
    case BPFCC_ENOTSUPP:
        return RESULT(RESULT_NOT_SUPPORTED);
    default:
        return RESULT(RESULT_INVALID_ARGUMENT);
    }
}

static int is_array(const struct bpfcc_bound_map *bound)
{
    return bound->type == BPFCC_MAP_ARRAY || bound->type == BPFCC_MAP_PERCPU_ARRAY;
}

static int is_per_cpu(const struct bpfcc_bound_map *bound)
{
    return bound->type == BPFCC_MAP_PERCPU_ARRAY || bound->type == BPFCC_MAP_PERCPU_HASH || bound->type == BPFCC_MAP_LRU_PERCPU_HASH;
}

/* The map and a key of it; NULL where the run trapped. */
static struct bpfcc_bound_map *keyed(struct bpfcc_run *run, uint64_t map, uint64_t key, const void **found)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, map);
    *found = bound ? bpfcc_access(run, key, bound->key_size, 0) : NULL;
    return *found ? bound : NULL;
}

/* Flags are an int there. Where a CPU has a value already it is written, whatever they say; of an array only NOEXIST is refused. */
WINDOWS(update)
{
    enum { NOEXIST = 1, EXIST = 2 };
    uint32_t flags = (uint32_t)r4;
    const void *key;
    struct bpfcc_bound_map *bound = keyed(run, r1, r2, &key);
    if (!bound)
        return RESULT(RESULT_INVALID_ARGUMENT);
    if (is_per_cpu(bound)) {
        if (bpfcc_map_lookup(bound->map, key, run->cpu))
            flags = 0;
    } else if (is_array(bound)) {
        if (flags == NOEXIST)
            return RESULT(RESULT_INVALID_ARGUMENT);
        flags = 0;
    }
    if (flags > EXIST)
        return RESULT(RESULT_INVALID_ARGUMENT);
    return translated(bpfcc_h_map_update_elem(r1, r2, r3, flags, 0, run), RESULT_KEY_NOT_FOUND,
                      is_array(bound) ? RESULT_INVALID_ARGUMENT : RESULT_OUT_OF_SPACE);
}

/* An element of an array is zeroed, on every CPU. */
static uint64_t zeroed(struct bpfcc_bound_map *bound, const void *key)
{
    uint32_t cpus = bound->type == BPFCC_MAP_PERCPU_ARRAY ? bpfcc_map_definition(bound->map)->cpus : 1;
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        void *value = bpfcc_map_lookup(bound->map, key, cpu);
        if (!value)
            return RESULT(RESULT_INVALID_ARGUMENT);
        memset(value, 0, bound->value_size);
    }
    return 0;
}

WINDOWS(delete)
{
    const void *key;
    struct bpfcc_bound_map *bound = keyed(run, r1, r2, &key);
    if (!bound)
        return RESULT(RESULT_INVALID_ARGUMENT);
    if (is_array(bound))
        return zeroed(bound, key);
    return translated(bpfcc_h_map_delete_elem(ARGS), RESULT_KEY_NOT_FOUND, RESULT_OUT_OF_SPACE);
}

/* Of the flags only EXIST counts, which makes room. */
WINDOWS(push) { return translated(bpfcc_h_map_push_elem(r1, r2, r3 & 2, 0, 0, run), RESULT_OBJECT_NOT_FOUND, RESULT_OUT_OF_SPACE); }

/* Where there is nothing, nothing is written. */
static uint64_t first(struct bpfcc_run *run, uint64_t map, uint64_t to, int remove)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, map);
    uint8_t *value = bound ? bpfcc_access(run, to, bound->value_size, 1) : NULL;
    if (!value)
        return RESULT(RESULT_INVALID_ARGUMENT);
    uint8_t small[256], *kept = bound->value_size <= sizeof small ? small : malloc(bound->value_size);
    if (!kept)
        return RESULT(RESULT_NO_MEMORY);
    memcpy(kept, value, bound->value_size);
    uint64_t result = (uint64_t)(int64_t)(remove ? bpfcc_map_pop(bound->map, value) : bpfcc_map_peek(bound->map, value));
    if (result)
        memcpy(value, kept, bound->value_size);
    if (kept != small)
        free(kept);
    return translated(result, RESULT_OBJECT_NOT_FOUND, RESULT_OUT_OF_SPACE);
}

WINDOWS(pop) { return first(run, r1, r2, 1); }
WINDOWS(peek) { return first(run, r1, r2, 0); }
WINDOWS(perf_output) { return translated(bpfcc_h_perf_event_output(ARGS), RESULT_INVALID_ARGUMENT, RESULT_INVALID_ARGUMENT); }

/* Flags mean nothing; what never fits is another mistake than what does not fit now. */
WINDOWS(ring_output)
{
    enum { RECORD_HEADER = 8 };
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    if (bound && r3 > (uint64_t)bound->max_entries - RECORD_HEADER)
        return RESULT(RESULT_INVALID_ARGUMENT);
    return translated(bpfcc_h_ringbuf_output(r1, r2, r3, 0, 0, run), RESULT_INVALID_ARGUMENT, RESULT_INVALID_ARGUMENT);
}

/* What is not there comes before what is too much. */
WINDOWS(tail_call)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r2);
    uint32_t index = (uint32_t)r3, program = 0;
    const void *value = bound && bound->type == BPFCC_MAP_PROG_ARRAY && index < bound->max_entries ? bpfcc_map_lookup(bound->map, &index, run->cpu) : NULL;
    if (value)
        memcpy(&program, value, sizeof program);
    if (program && run->tail_calls >= BPFCC_MAX_TAIL_CALLS)
        return RESULT(RESULT_NO_MORE_TAIL_CALLS);
    return translated(bpfcc_h_tail_call(ARGS), RESULT_INVALID_ARGUMENT, RESULT_INVALID_ARGUMENT);
}

/* Of 16 bits each, what there was inverted, on top of the seed; a sum below zero is an error, as one of half words is. */
WINDOWS(csum_diff)
{
    int64_t from_size = (int32_t)(uint32_t)r2, to_size = (int32_t)(uint32_t)r4;
    uint32_t sum = (uint32_t)r5;
    if ((from_size | to_size) & 3)
        return BPFCC_ERR(BPFCC_EINVAL);
    const uint8_t *from = r1 && from_size > 0 ? bpfcc_access(run, r1, (uint64_t)from_size, 0) : NULL;
    const uint8_t *to = r3 && to_size > 0 ? bpfcc_access(run, r3, (uint64_t)to_size, 0) : NULL;
    uint16_t half;
    for (int64_t at = 0; to && at < to_size; at += 2) {
        memcpy(&half, to + at, sizeof half);
        sum += half;
    }
    for (int64_t at = 0; from && at < from_size; at += 2) {
        memcpy(&half, from + at, sizeof half);
        sum += (uint16_t)~half;
    }
    return (int32_t)sum < 0 ? BPFCC_ERR(BPFCC_EINVAL) : sum;
}

/* Resolution of 100 ns, as the system has it. */
WINDOWS(boot_ns) { return bpfcc_h_ktime_get_boot_ns(ARGS) / 100 * 100; }
WINDOWS(up_ns) { return bpfcc_h_ktime_get_ns(ARGS) / 100 * 100; }
WINDOWS(boot_ms) { return bpfcc_h_ktime_get_boot_ns(ARGS) / 1000000; }
WINDOWS(up_ms) { return bpfcc_h_ktime_get_ns(ARGS) / 1000000; }

/* Only numbers may be printed. */
static uint64_t print(struct bpfcc_run *run, uint64_t format, uint64_t size, const uint64_t *args, uint32_t count)
{
    char line[MAX_STRING * 2];
    const char *text = size >= 2 && size < MAX_STRING ? bpfcc_access(run, format, size, 0) : NULL;
    if (!text || !memchr(text, 0, (size_t)size))
        return RESULT(1);
    for (const char *at = text; *at; at++) {
        if (*at != '%')
            continue;
        at++;
        while (*at == 'l')
            at++;
        if (!*at || !strchr("diux%", *at))
            return RESULT(1);
    }
    int64_t length = bpfcc_format(run, line, sizeof line, text, args, count);
    if (length < 0)
        return RESULT(1);
    uint32_t shown = (uint32_t)strlen(line);
    if (shown && line[shown - 1] == '\n')
        shown--;
    bpfcc_log_add(run, BPFCC_LOG_TRACE, NULL, 0, line, shown);
    return (uint64_t)length;
}

WINDOWS(printk2) { return print(run, r1, r2, NULL, 0); }
WINDOWS(printk3) { return print(run, r1, r2, &r3, 1); }
WINDOWS(printk4)
{
    uint64_t args[2] = {r3, r4};
    return print(run, r1, r2, args, 2);
}
WINDOWS(printk5)
{
    uint64_t args[3] = {r3, r4, r5};
    return print(run, r1, r2, args, 3);
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static uint64_t copy(struct bpfcc_run *run, uint64_t to, uint64_t to_size, uint64_t from, uint64_t size)
{
    uint8_t *out = bpfcc_access(run, to, to_size, 1);
    const uint8_t *in = bpfcc_access(run, from, size, 0);
    if (!out || !in || size > to_size)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (size)
        memmove(out, in, (size_t)size);
    return 0;
}

WINDOWS(memcpy) { return copy(run, r1, r2, r3, r4); }

WINDOWS(memcmp)
{
    const uint8_t *a = bpfcc_access(run, r1, r2, 0), *b = bpfcc_access(run, r3, r4, 0);
    if (!a || !b)
        return 0;
    int order = memcmp(a, b, (size_t)(r2 < r4 ? r2 : r4));
    if (!order)
        order = r2 < r4 ? -1 : r2 > r4;
    return (uint64_t)(int64_t)(order < 0 ? -1 : order > 0);
}

WINDOWS(memset)
{
    uint8_t *out = bpfcc_access(run, r1, r2, 1);
    if (out && r2)
        memset(out, (int)(r3 & 0xff), (size_t)r2);
    return r1; /* as memset does */
}

static uint64_t length_of(const uint8_t *text, uint64_t size)
{
    const uint8_t *end = size ? memchr(text, 0, (size_t)size) : NULL;
    return end ? (uint64_t)(end - text) : size;
}

WINDOWS(strnlen)
{
    const uint8_t *text = bpfcc_access(run, r1, r2, 0);
    return text ? length_of(text, r2) : 0;
}

/* As much as there is room for, with zeros up to the end. Results are those of the kernel's safe strings (NTSTATUS). */
static uint64_t append(struct bpfcc_run *run, uint64_t to, uint64_t to_size, uint64_t from, uint64_t size, int after)
{
    uint8_t *out = bpfcc_access(run, to, to_size, 1);
    const uint8_t *in = bpfcc_access(run, from, size, 0);
    uint64_t used = out && after ? length_of(out, to_size) : 0;
    if (!out || !in || used >= to_size)
        return STATUS_INVALID;
    uint64_t length = length_of(in, size), room = to_size - used - 1, copied = length < room ? length : room;
    memmove(out + used, in, (size_t)copied);
    memset(out + used + copied, 0, (size_t)(to_size - used - copied));
    return length > room ? STATUS_OVERFLOW : 0;
}

WINDOWS(strncpy) { return append(run, r1, r2, r3, r4, 0); }
WINDOWS(strncat) { return append(run, r1, r2, r3, r4, 1); }

static const bpfcc_helper general[LAST_GENERAL + 1] = {
    [1] = bpfcc_h_map_lookup_elem,
    [2] = w_update,
    [3] = w_delete,
    [5] = w_tail_call,
    [6] = bpfcc_h_get_prandom_u32,
    [7] = w_boot_ns,
    [8] = bpfcc_h_get_smp_processor_id,
    [9] = w_up_ns,
    [10] = w_csum_diff,
    [11] = w_ring_output,
    [12] = w_printk2,
    [13] = w_printk3,
    [14] = w_printk4,
    [15] = w_printk5,
    [16] = w_push,
    [17] = w_pop,
    [18] = w_peek,
    [19] = bpfcc_h_get_current_pid_tgid,
    [22] = w_memcpy,
    [23] = w_memcmp,
    [24] = w_memset,
    [25] = w_memcpy,
    [27] = w_strncpy,
    [28] = w_strncat,
    [29] = w_strnlen,
    [30] = w_boot_ms,
    [31] = w_up_ms,
    [32] = w_perf_output,
};

/* xdp.sys leaves packets as long as they are. */
WINDOWS(adjust_head) { return (uint64_t)-1; }

bpfcc_helper bpfcc_helper_table_windows(uint32_t program_type, uint32_t id)
{
    /* The other helpers that a type has of its own do not work without its component of Windows. */
    if (program_type == TYPE_XDP && id == FIRST_OWN)
        return w_adjust_head;
    return id <= LAST_GENERAL ? general[id] : NULL;
}
