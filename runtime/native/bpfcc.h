/* bpfcc native runtime: maps, helpers, guest memory and the interpreter loop.
 *
 * Plain C11, thread-safe, no Python in it. Everything that Python (ctypes), the interpreter, the JIT and emitted
 * C share is declared here; the layouts of the structures marked ABI are read from Python and from generated code
 * and are checked by tests.
 *
 * Guest memory. A checked run sees a guest address space below 4 GiB, 256 slots of 16 MiB (address >> 24):
 *
 *   0        never mapped, so that NULL and small numbers fault
 *   1        stack: frame of call depth d (entry = 0) lies in [BPFCC_FRAME_TOP(d) - 512, BPFCC_FRAME_TOP(d))
 *   2        context
 *   3        packet (the linear buffer: headroom, data, tailroom)
 *   4        map handles, not readable: BPFCC_MAP_HANDLE(id)
 *   5        ring-buffer reservations and dynptr slices
 *   6, 7     further memory that the caller supplies (probe_read targets, raw memory)
 *   8        function handles, not readable: BPFCC_FUNC_HANDLE(index)
 *   16..255  map values, consecutive slots to a map
 *
 * An unchecked run uses host pointers for all of these; handles stay handles.
 */
#ifndef BPFCC_H
#define BPFCC_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define BPFCC_API __declspec(dllexport)
#else
#define BPFCC_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define BPFCC_ABI_VERSION 1

enum {
    BPFCC_SLOT_SHIFT = 24,
    BPFCC_SLOTS = 256,
    BPFCC_SLOT_STACK = 1,
    BPFCC_SLOT_CONTEXT = 2,
    BPFCC_SLOT_PACKET = 3,
    BPFCC_SLOT_MAP_HANDLES = 4,
    BPFCC_SLOT_RING = 5,
    BPFCC_SLOT_USER = 6,
    BPFCC_SLOT_FUNCTIONS = 8,
    BPFCC_SLOT_MAP_VALUES = 16,
    BPFCC_FRAME_BYTES = 512,
    BPFCC_MAX_FRAMES = 8,
    BPFCC_MAX_TAIL_CALLS = 33,
};

#define BPFCC_STACK_BASE ((uint64_t)BPFCC_SLOT_STACK << BPFCC_SLOT_SHIFT)
#define BPFCC_CONTEXT_BASE ((uint64_t)BPFCC_SLOT_CONTEXT << BPFCC_SLOT_SHIFT)
#define BPFCC_PACKET_BASE ((uint64_t)BPFCC_SLOT_PACKET << BPFCC_SLOT_SHIFT)
#define BPFCC_RING_BASE ((uint64_t)BPFCC_SLOT_RING << BPFCC_SLOT_SHIFT)
#define BPFCC_USER_BASE ((uint64_t)BPFCC_SLOT_USER << BPFCC_SLOT_SHIFT)
/* Depth 0 is on top, each callee below it, as on a stack that grows down. */
#define BPFCC_FRAME_TOP(depth) (BPFCC_STACK_BASE + (uint64_t)(BPFCC_MAX_FRAMES - (depth)) * BPFCC_FRAME_BYTES)
#define BPFCC_MAP_HANDLE(id) (((uint64_t)BPFCC_SLOT_MAP_HANDLES << BPFCC_SLOT_SHIFT) + ((uint64_t)(id) << 4))
#define BPFCC_FUNC_HANDLE(index) (((uint64_t)BPFCC_SLOT_FUNCTIONS << BPFCC_SLOT_SHIFT) + ((uint64_t)(index) << 4))

/* ---- regions (ABI) ------------------------------------------------------------------------------------- */

enum bpfcc_region_flags {
    BPFCC_REGION_WRITE = 1, /* programs may write it */
};

/* A live range of guest memory. Guest address a is valid for n bytes when base + lo <= a and a + n <= base + hi,
 * and, where stride != 0, when the access stays inside the first `element` bytes of one stride. */
struct bpfcc_region {
    uint8_t *host;    /* host address of guest address `base` */
    uint64_t base;    /* guest address of offset 0 (start of its first slot) */
    uint64_t lo, hi;  /* live offsets [lo, hi) */
    uint32_t stride;  /* bytes from one map value to the next, 0 = one run of bytes */
    uint32_t element; /* readable bytes of each stride */
    uint32_t flags;
    uint32_t reserved;
    const uint8_t *readable; /* one bit a byte of [0, hi), or NULL = all: context fields that may be read */
    const uint8_t *writable; /* likewise for writing; looked at only with BPFCC_REGION_WRITE */
};

/* ---- traps (ABI) --------------------------------------------------------------------------------------- */

enum bpfcc_trap {
    BPFCC_TRAP_NONE = 0,
    BPFCC_TRAP_ACCESS = 1,       /* outside every live region, or read-only memory written */
    BPFCC_TRAP_BUDGET = 2,       /* step budget spent */
    BPFCC_TRAP_STACK = 3,        /* more than BPFCC_MAX_FRAMES calls deep */
    BPFCC_TRAP_CALL = 4,         /* callx to something that is no function; bad callback */
    BPFCC_TRAP_HELPER = 5,       /* a helper got an argument that is no map, no lock, no reservation … */
    BPFCC_TRAP_MISALIGNED = 6,   /* misaligned atomic */
    BPFCC_TRAP_STOPPED = 7,      /* the stop flag was raised */
    BPFCC_TRAP_REFERENCE = 8,    /* left with a reservation or a lock still held */
    BPFCC_TRAP_UNRESOLVED = 9,   /* an instruction that CO-RE could not resolve was reached */
};

/* ---- maps ---------------------------------------------------------------------------------------------- */

struct bpfcc_map;

/* Types and flags have Linux's numbers (BPF_MAP_TYPE_*, BPF_F_*), sizes are bytes. (ABI) */
struct bpfcc_map_def {
    uint32_t type, key_size, value_size, max_entries, flags, cpus;
    uint64_t extra; /* map_extra: bloom filter hashes */
};

/* Where the values of a map lie: what a region needs. `host` is fixed for the map's life. (ABI) */
struct bpfcc_map_area {
    uint8_t *host;
    uint64_t size;      /* bytes */
    uint32_t stride;    /* bytes from one value to the next (a value of one CPU, for per-CPU maps); 0 = one run of bytes (ring) */
    uint32_t element;   /* bytes of a value */
    uint64_t cpu_bytes; /* per-CPU maps: from the values of one CPU to those of the next (a multiple of stride); else 0 */
};

/* Every map begins with this, so that callers and generated code can inline what they know of it. (ABI) */
struct bpfcc_map_head {
    void *(*lookup)(struct bpfcc_map *map, const void *key, uint32_t cpu); /* what bpfcc_map_lookup calls */
    uint8_t *values;    /* array, percpu_array: value i of this CPU is at values + cpu * cpu_bytes + i * stride */
    uint64_t cpu_bytes;
    uint32_t stride;
    uint32_t entries;   /* array, percpu_array: valid indices are below this; every other kind: 0 */
};

/* All return 0 or a negative Linux errno. `cpu` picks the copy of a per-CPU map; other maps ignore it. Keys and values
 * are host memory. Thread-safe; a pointer to a value stays readable until the map is freed (deleted values are reused
 * only after every run that was active at the deletion has left: bpfcc_run_enter / bpfcc_run_leave). */
BPFCC_API int bpfcc_map_create(const struct bpfcc_map_def *def, struct bpfcc_map **map);
BPFCC_API void bpfcc_map_free(struct bpfcc_map *map);
BPFCC_API int bpfcc_map_area(const struct bpfcc_map *map, struct bpfcc_map_area *area);
BPFCC_API const struct bpfcc_map_def *bpfcc_map_definition(const struct bpfcc_map *map);
/* From a program: the value (of this CPU), or NULL. LRU maps mark it as used. */
BPFCC_API void *bpfcc_map_lookup(struct bpfcc_map *map, const void *key, uint32_t cpu);
BPFCC_API int bpfcc_map_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu);
BPFCC_API int bpfcc_map_delete(struct bpfcc_map *map, const void *key);
/* From outside, as bpf(2) has it: copies; per-CPU maps read and write one value for each CPU, each padded to 8 bytes. */
BPFCC_API int bpfcc_map_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags);
BPFCC_API int bpfcc_map_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags);
BPFCC_API int bpfcc_map_take(struct bpfcc_map *map, const void *key, void *value); /* lookup-and-delete; pop */
BPFCC_API int bpfcc_map_next_key(struct bpfcc_map *map, const void *key, void *next);
/* queue, stack, bloom filter */
BPFCC_API int bpfcc_map_push(struct bpfcc_map *map, const void *value, uint64_t flags);
BPFCC_API int bpfcc_map_pop(struct bpfcc_map *map, void *value);
BPFCC_API int bpfcc_map_peek(struct bpfcc_map *map, void *value);
/* Entries stored now (an estimate while others write). */
BPFCC_API uint64_t bpfcc_map_count(struct bpfcc_map *map);

/* As bpfcc_map_lookup and bpfcc_map_delete, for C callers that care about a nanosecond. */
static inline void *bpfcc_map_lookup_inline(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    return ((const struct bpfcc_map_head *)(const void *)map)->lookup(map, key, cpu);
}

/* array and percpu_array only; `cpu` must be below the definition's `cpus`. */
static inline void *bpfcc_array_lookup_inline(struct bpfcc_map *map, uint32_t index, uint32_t cpu)
{
    const struct bpfcc_map_head *head = (const struct bpfcc_map_head *)(const void *)map;
    return index < head->entries ? head->values + cpu * head->cpu_bytes + (uint64_t)index * head->stride : NULL;
}

/* Delete as bpf(2) has it: refused for frozen maps and BPF_F_RDONLY, which bind outsiders, not programs. */
BPFCC_API int bpfcc_map_erase(struct bpfcc_map *map, const void *key);
/* Walks over all entries, stable while entries are deleted: start with *cursor = 0, end with -ENOENT. `key` receives
 * the key's bytes, *value points to the value of this CPU. What bpf_for_each_map_elem needs. */
BPFCC_API int bpfcc_map_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu);
/* Copies up to `most` entries, walking as bpfcc_map_each does; keys and values lie one after the other as bpfcc_map_next_key
 * and bpfcc_map_read give them. Returns how many; 0 = no more. */
BPFCC_API int bpfcc_map_batch(struct bpfcc_map *map, uint64_t *cursor, void *keys, void *values, uint32_t most);
/* No more writes from outside, ever (BPF_MAP_FREEZE). */
BPFCC_API int bpfcc_map_freeze(struct bpfcc_map *map);
/* Where struct bpf_spin_lock (4 bytes) and struct bpf_timer (16 bytes) lie in the value, 0xffffffff = nowhere. Copies leave
 * them alone, BPF_F_LOCK takes the lock: a 32-bit word, 0 = free, 1 = held. Before the first entry. */
BPFCC_API int bpfcc_map_set_fields(struct bpfcc_map *map, uint32_t lock_offset, uint32_t timer_offset);
/* Bytes of a key and of a value as bpfcc_map_read and bpfcc_map_write take them (per-CPU: all CPUs; object storage: the
 * key is a u64 that names the object). */
BPFCC_API uint32_t bpfcc_map_key_bytes(const struct bpfcc_map *map);
BPFCC_API uint64_t bpfcc_map_value_bytes(const struct bpfcc_map *map);

/* ---- stack traces --------------------------------------------------------------------------------------- */

/* bpf_get_stackid for `count` addresses: the id (>= 0), or -EEXIST when the bucket holds another stack. */
BPFCC_API int64_t bpfcc_stack_id(struct bpfcc_map *map, const uint64_t *addresses, uint32_t count, uint64_t flags);

/* ---- ring buffer ---------------------------------------------------------------------------------------- */

/* Linux's semantics and accounting: a record takes 8 bytes more than its payload, rounded up to 8. The payload is one
 * run of bytes inside the map's area even where it wraps. NULL: no room, or a size that never fits. */
BPFCC_API void *bpfcc_ring_reserve(struct bpfcc_map *map, uint64_t size, uint64_t flags);
/* `record` is what reserve gave. flags: BPF_RB_NO_WAKEUP 1, BPF_RB_FORCE_WAKEUP 2. */
BPFCC_API void bpfcc_ring_commit(struct bpfcc_map *map, void *record, uint64_t flags, int discard);
BPFCC_API int bpfcc_ring_output(struct bpfcc_map *map, const void *data, uint64_t size, uint64_t flags);
BPFCC_API uint64_t bpfcc_ring_query(struct bpfcc_map *map, uint64_t what);
/* One consumer at a time. Copies whole records, each as a u32 length and the bytes, padded to 8; returns the bytes written,
 * 0 when there is nothing, -ENOSPC when the first record alone is larger than `size` (*needed says how large). */
BPFCC_API int64_t bpfcc_ring_read(struct bpfcc_map *map, void *buffer, uint64_t size, uint64_t *needed);
/* 1 when a record can be read, 0 when the time is over; timeout in ms, < 0 waits for ever. */
BPFCC_API int bpfcc_ring_wait(struct bpfcc_map *map, int64_t timeout_ms);

/* ---- perf event array ----------------------------------------------------------------------------------- */

/* A byte ring per CPU. `flags` as bpf_perf_event_output has them without the upper half: an index or BPF_F_CURRENT_CPU.
 * The sample is `data` followed by `more` (bytes of the context). -ENOSPC counts as lost. */
BPFCC_API int bpfcc_perf_output(struct bpfcc_map *map, uint32_t cpu, uint64_t flags, const void *data, uint64_t size, const void *more, uint64_t more_size);
/* As bpfcc_ring_read, for the ring of one CPU. */
BPFCC_API int64_t bpfcc_perf_read(struct bpfcc_map *map, uint32_t cpu, void *buffer, uint64_t size, uint64_t *needed);
/* Samples of this CPU that found no room since the last call. */
BPFCC_API uint64_t bpfcc_perf_lost(struct bpfcc_map *map, uint32_t cpu);
BPFCC_API int bpfcc_perf_wait(struct bpfcc_map *map, int64_t timeout_ms);

/* ---- one run (ABI) ------------------------------------------------------------------------------------- */

struct bpfcc_run;

typedef uint64_t (*bpfcc_helper)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct bpfcc_run *run);
/* Calls function `index` of the running module (bpf_loop, for_each_map_elem, timers). Set by the back end. */
typedef uint64_t (*bpfcc_invoke)(struct bpfcc_run *run, uint32_t function, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);

/* Offsets of the fields that helpers must refresh after they moved the packet; -1 = the context has no such field. */
struct bpfcc_context_layout {
    int16_t data, data_end, data_meta, length;
    uint8_t pointer_bytes; /* 4 on Linux, 8 on Windows */
    uint8_t reserved[7];
};

struct bpfcc_run {
    struct bpfcc_region *slots[BPFCC_SLOTS]; /* NULL = not mapped */
    uint32_t checked;        /* 1: addresses are guest addresses and are checked */
    uint32_t cpu;            /* index of per-CPU copies, and the processor id */
    uint32_t trap;           /* enum bpfcc_trap; the first one stays */
    uint32_t trap_size;
    uint64_t trap_address;
    uint64_t steps_left;     /* budget: instructions of bytecode still allowed */
    uint32_t tail_calls;     /* taken so far */
    int32_t tail_target;     /* program to enter after a successful tail_call, else -1 */
    const int32_t *stop;     /* raised by another thread, or NULL */

    bpfcc_invoke invoke;
    void *backend;           /* the back end's own */
    struct bpfcc_state *state; /* helpers' state: maps by id, clock, random, output (runtime/native/state.h) */

    uint8_t *frames;         /* host memory of the stack: BPFCC_MAX_FRAMES * BPFCC_FRAME_BYTES */
    uint32_t depth;          /* call depth now, entry = 0 */
    uint32_t reserved;

    uint8_t *context;        /* host bytes of the context */
    uint32_t context_size;
    struct bpfcc_context_layout layout;

    uint8_t *packet;         /* host address of the whole buffer, headroom included */
    uint32_t packet_capacity;
    uint32_t packet_meta, packet_data, packet_end; /* offsets in the buffer: meta <= data <= end <= capacity */
    uint32_t reserved2;

    struct bpfcc_outcome *outcome; /* what helpers noted for this run: redirect, locks, reservations (state.h); never NULL */
};

/* What a back end is to the batch and repeat loops: one run of the program that it prepared, from entry to exit, tail
 * calls included. Everything it needs hangs on run->backend. */
typedef uint64_t (*bpfcc_entry)(struct bpfcc_run *run);

/* ---- guest memory -------------------------------------------------------------------------------------- */

/* Host address of `size` bytes at `address`, or NULL (and the run traps) when a checked run may not do that. */
BPFCC_API void *bpfcc_access_slow(struct bpfcc_run *run, uint64_t address, uint64_t size, int write);

static inline void *bpfcc_access(struct bpfcc_run *run, uint64_t address, uint64_t size, int write)
{
    if (!run->checked)
        return (void *)(uintptr_t)address;
    return bpfcc_access_slow(run, address, size, write);
}

/* The first trap of a run stays; later ones do not overwrite it. */
static inline void bpfcc_trap_at(struct bpfcc_run *run, uint32_t trap, uint64_t address, uint64_t size)
{
    if (!run->trap) {
        run->trap = trap;
        run->trap_address = address;
        run->trap_size = (uint32_t)size;
    }
}

/* ---- for code with checks in it ----------------------------------------------------------------------------- */

enum { BPFCC_STEP_SLICE = 1 << 16 }; /* steps between two looks at the stop flag */

/* A live piece of guest memory: address a is valid for n bytes where a - lo + n <= bytes; its host address is a + delta. (ABI) */
struct bpfcc_reach {
    uint64_t lo, bytes, delta;
};

/* The piece that `size` bytes at `address` lie in; 0, and the run traps, when a checked run may not do that. It holds until the next
 * helper that moves memory, and as long as the frames that are live stay. */
BPFCC_API int bpfcc_reach(struct bpfcc_run *run, uint64_t address, uint64_t size, int write, struct bpfcc_reach *out);
/* Steps are taken from the budget in slices, so that a charge is one subtraction; between two slices the stop flag is read.
 * The next slice, `steps` below zero paid from it; or 0 and a trap. */
BPFCC_API int64_t bpfcc_more_steps(struct bpfcc_run *run, int64_t steps);
/* LD_ABS and LD_IND: bytes in network order, or -1. Linux knows two areas below zero: from the link layer's header, from the
 * network's. */
BPFCC_API int64_t bpfcc_load_packet(struct bpfcc_run *run, int64_t offset, uint32_t size);
/* Frames down to call depth `depth` are live; 0, and the run traps, where there are not so many. */
BPFCC_API int bpfcc_push_frame(struct bpfcc_run *run, uint32_t depth);
BPFCC_API void bpfcc_pop_frame(struct bpfcc_run *run, uint32_t depth);
/* Makes a run one of compiled code: `invoke` calls its functions back, `backend` is its own. */
BPFCC_API void bpfcc_compiled_bind(struct bpfcc_run *run, bpfcc_invoke invoke, void *backend);
BPFCC_API void bpfcc_compiled_unbind(struct bpfcc_run *run, const void *backend);

/* ---- runs and epochs ----------------------------------------------------------------------------------- */

/* Around every run (or batch of runs): values deleted meanwhile are not reused before the run has left. */
BPFCC_API uint32_t bpfcc_run_enter(void);
BPFCC_API void bpfcc_run_leave(uint32_t ticket);

BPFCC_API uint32_t bpfcc_abi_version(void);

/* Sizes and offsets of the ABI structures, for the mirrors in Python: rows end with a NULL structure. */
struct bpfcc_abi_row {
    const char *structure; /* without the bpfcc_ prefix */
    const char *field;     /* NULL: the row is about the whole structure */
    uint32_t offset, size;
};
BPFCC_API const struct bpfcc_abi_row *bpfcc_abi_table(void);

#ifdef __cplusplus
}
#endif
#endif
