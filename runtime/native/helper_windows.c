/* Windows' helpers: its own ids and error numbers over the same maps, clocks and buffers.
 *
 * Errors are negative ebpf_result_t. What needs a Windows machine behind it (logon ids, redirect contexts) is not here,
 * and programs that call it cannot be prepared.
 */
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
    MAX_STRING = 512,
};

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

WINDOWS(update) { return translated(bpfcc_h_map_update_elem(ARGS), RESULT_KEY_NOT_FOUND, RESULT_OUT_OF_SPACE); }
WINDOWS(delete) { return translated(bpfcc_h_map_delete_elem(ARGS), RESULT_KEY_NOT_FOUND, RESULT_OUT_OF_SPACE); }
WINDOWS(push) { return translated(bpfcc_h_map_push_elem(ARGS), RESULT_OBJECT_NOT_FOUND, RESULT_OUT_OF_SPACE); }
WINDOWS(pop) { return translated(bpfcc_h_map_pop_elem(ARGS), RESULT_OBJECT_NOT_FOUND, RESULT_OUT_OF_SPACE); }
WINDOWS(peek) { return translated(bpfcc_h_map_peek_elem(ARGS), RESULT_OBJECT_NOT_FOUND, RESULT_OUT_OF_SPACE); }
WINDOWS(perf_output) { return translated(bpfcc_h_perf_event_output(ARGS), RESULT_INVALID_ARGUMENT, RESULT_INVALID_ARGUMENT); }

WINDOWS(ring_output)
{
    return translated(bpfcc_h_ringbuf_output(r1, r2, r3, 0, 0, run), RESULT_INVALID_ARGUMENT, RESULT_INVALID_ARGUMENT); /* flags mean nothing */
}

WINDOWS(tail_call)
{
    if (run->tail_calls >= BPFCC_MAX_TAIL_CALLS)
        return RESULT(RESULT_NO_MORE_TAIL_CALLS);
    return translated(bpfcc_h_tail_call(ARGS), RESULT_INVALID_ARGUMENT, RESULT_INVALID_ARGUMENT);
}

/* The sum unfolded, in 32 bits. */
WINDOWS(csum_diff)
{
    uint32_t seed = (uint32_t)r5;
    const uint8_t *from = bpfcc_access(run, r1, (uint32_t)r2, 0), *to = bpfcc_access(run, r3, (uint32_t)r4, 0);
    if (((uint32_t)r2 | (uint32_t)r4) & 3 || !from || !to)
        return RESULT(RESULT_INVALID_ARGUMENT);
    uint64_t sum = (uint64_t)bpfcc_sum(to, (uint32_t)r4, seed) + ((uint32_t)r2 ? ~bpfcc_sum(from, (uint32_t)r2, 0) : 0);
    return (uint32_t)(sum + (sum >> 32));
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
    return 0;
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

static uint64_t append(struct bpfcc_run *run, uint64_t to, uint64_t to_size, uint64_t from, uint64_t size, int after)
{
    uint8_t *out = bpfcc_access(run, to, to_size, 1);
    const uint8_t *in = bpfcc_access(run, from, size, 0);
    if (!out || !in || !to_size)
        return BPFCC_ERR(BPFCC_EINVAL);
    uint64_t used = after ? length_of(out, to_size) : 0, length = length_of(in, size);
    if (used >= to_size || length >= to_size - used)
        return BPFCC_ERR(BPFCC_EINVAL);
    memmove(out + used, in, (size_t)length);
    out[used + length] = 0;
    return 0;
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

bpfcc_helper bpfcc_helper_table_windows(uint32_t program_type, uint32_t id)
{
    (void)program_type; /* no type's own helper works without its Windows component */
    return id <= LAST_GENERAL ? general[id] : NULL;
}
