/* What code that bpfcc emits and its host agree on. C99, nothing but the standard headers.
 *
 *   bpfcc build filter.bpf.c --emit c           filter.c, with this text in it
 *
 * An emitted file exports one symbol, `bpfcc_object`: its programs, the maps that they use, and the slots of its table. A host
 *
 *   1. makes the maps that `bpfcc_object.maps` describes,
 *   2. fills an array of `slot_count` 64-bit words as `slots` says (addresses of helpers, maps, map values),
 *   3. prepares a `struct bpfcc_run`, with a `struct bpfcc_bound` behind `backend` that names that array,
 *   4. calls `bpfcc_object.programs[i].entry(run)`, which returns r0, and then looks at `run->trap`.
 *
 * The code has no writable data and calls nothing but what the table names: it may be shared by any number of hosts and threads,
 * each with a run of its own. bpfcc's runtime is such a host (`--emit exe` links it); any other may be written against this file.
 */
#ifndef BPFCC_PROGRAM_H
#define BPFCC_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#define BPFCC_PROGRAM_VERSION 1

#if defined(__GNUC__)
#define BPFCC_INLINE static inline __attribute__((unused, always_inline))
#define BPFCC_COLD static __attribute__((unused, noinline, cold))
#define BPFCC_LIKELY(x) __builtin_expect(!!(x), 1)
#else
#error "compile with clang or gcc: atomic operations and unaligned accesses are theirs"
#endif
#if defined(_WIN32)
#define BPFCC_EXPORT __declspec(dllexport)
#else
#define BPFCC_EXPORT __attribute__((visibility("default")))
#endif
/* A tail call that takes no stack, where the compiler can promise it. */
#if defined(__has_attribute)
#if __has_attribute(musttail)
#define BPFCC_TAIL __attribute__((musttail))
#endif
#endif
#ifndef BPFCC_TAIL
#define BPFCC_TAIL
#endif

/* ---- a run: the layout is part of the interface, unused parts are the host's ----------------------------------------- */

struct bpfcc_run;
struct bpfcc_map;
/* bpfcc's own runtime has headers that say more of the same. */
#if !defined(BPFCC_H)

/* A helper: five arguments as the program passes them, and the run. */
typedef uint64_t bpfcc_helper(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct bpfcc_run *run);

/* A piece of memory, as a host describes it to programs that check every access (the context and memory of type `raw` to all). */
struct bpfcc_region {
    uint8_t *host;           /* where it is */
    uint64_t base, lo, hi;   /* its guest address; offsets that may be accessed */
    uint32_t stride, element, flags, reserved;
    const uint8_t *readable, *writable;
};

struct bpfcc_run {
    struct bpfcc_region *slots[256];
    uint32_t checked;
    uint32_t cpu;            /* which copy of per-CPU maps is its own */
    uint32_t trap;           /* why it stopped; 0 = it did not */
    uint32_t trap_size;
    uint64_t trap_address;
    uint64_t steps_left;
    uint32_t tail_calls;
    int32_t tail_target;     /* set by the helper: the program to enter, by its index; -1 = none */
    const int32_t *stop;
    uint64_t (*invoke)(struct bpfcc_run *run, uint32_t function, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);
    void *backend;           /* struct bpfcc_bound */
    void *state;
    uint8_t *frames;         /* 8 frames of 512 bytes, for code that checks itself */
    uint32_t depth, reserved;
    uint8_t *context;        /* what the program gets as its first argument */
    uint32_t context_size;
    int16_t layout_data, layout_data_end, layout_data_meta, layout_length;
    uint8_t layout_pointer_bytes, layout_reserved[7];
    uint8_t *packet;         /* the buffer; the packet is [packet + packet_data, packet + packet_end) */
    uint32_t packet_capacity, packet_meta, packet_data, packet_end;
    uint32_t reserved2;
    void *outcome;
};
struct bpfcc_map_head {
    void *(*lookup)(struct bpfcc_map *map, const void *key, uint32_t cpu);
    uint8_t *values;
    uint64_t cpu_bytes;
    uint32_t stride, entries;
};
/* A live piece of memory: guest address a is valid for n bytes where a - lo + n <= bytes, and lies at a + delta. */
struct bpfcc_reach {
    uint64_t lo, bytes, delta;
};
#endif

/* A program that tail calls can enter. */
typedef uint64_t bpfcc_program(struct bpfcc_run *run, const void *table, uint32_t depth, int64_t *steps, uint64_t r1, uint64_t r2);
struct bpfcc_target {
    bpfcc_program *program;
    const void *table;
};

/* What `run->backend` points to. */
struct bpfcc_bound {
    int64_t where;           /* of the first trap: function << 32 | instruction; below zero: nowhere */
    const void *where_table; /* of the program that it was in */
    const void *table;       /* of the program that the entry runs */
    const void *invoked;     /* of the program whose functions `invoke` calls */
};

/* ---- what a file exports ---------------------------------------------------------------------------------------------- */

enum bpfcc_slot_kind {
    BPFCC_SLOT_TARGETS_OF_TAIL_CALLS = 1, /* address of an array of struct bpfcc_target */
    BPFCC_SLOT_TARGET_COUNT = 2,
    BPFCC_SLOT_HELPER = 3,                /* address of helper `which`, a bpfcc_helper */
    BPFCC_SLOT_MAP_HANDLE = 4,            /* what helpers take for map `which` */
    BPFCC_SLOT_MAP = 5,                   /* address of the map's object; it begins with a struct bpfcc_map_head */
    BPFCC_SLOT_MAP_FIRST_VALUE = 6,       /* address of the value at index 0 (of CPU 0) */
    BPFCC_SLOT_MAP_GUEST_VALUE = 7,       /* the same as a guest address */
    BPFCC_SLOT_MAP_CPU_BYTES = 8,         /* from the values of one CPU to those of the next */
    BPFCC_SLOT_RUNTIME = 9                /* a function of bpfcc's runtime, for code that checks itself: enum bpfcc_runtime */
};
enum bpfcc_runtime {
    BPFCC_RUNTIME_REACH = 0,
    BPFCC_RUNTIME_MORE_STEPS = 1,
    BPFCC_RUNTIME_LOAD_PACKET = 2,
    BPFCC_RUNTIME_PUSH_FRAME = 3,
    BPFCC_RUNTIME_POP_FRAME = 4
};

struct bpfcc_slot_info {
    uint32_t kind, which;
};
/* Numbers of types and flags are Linux's. */
struct bpfcc_map_value {
    uint32_t index;
    const char *name;        /* of a map, or of a program */
};
struct bpfcc_map_info {
    const char *name;
    uint32_t type, key_size, value_size, max_entries, flags;
    uint32_t inner;          /* of maps of maps: one more than the index of the map that says what they hold; 0 = none */
    uint64_t extra;
    const uint8_t *initial;  /* the first value, or NULL for zeros */
    const struct bpfcc_map_value *values;
    uint32_t value_count;
    uint32_t lock_offset, timer_offset; /* in the value; 0xffffffff = none */
    uint32_t is_data;        /* global variables */
    uint32_t stride;         /* of arrays: bytes from one value to the next (of one CPU), which the code counts on */
    const struct bpfcc_shape *key_shape, *value_shape, *record_shape; /* how to show them; NULL = not known */
};

/* What bytes mean to people: a tree, each node followed by those inside it. */
enum bpfcc_shape_kind {
    BPFCC_SHAPE_UNSIGNED = 1,
    BPFCC_SHAPE_SIGNED = 2,
    BPFCC_SHAPE_BOOL = 3,
    BPFCC_SHAPE_BIG_ENDIAN = 4,
    BPFCC_SHAPE_ENUM = 5,    /* `names` */
    BPFCC_SHAPE_FLOAT = 6,
    BPFCC_SHAPE_ADDRESS = 7, /* of IPv4 or IPv6 */
    BPFCC_SHAPE_TEXT = 8,    /* up to a zero byte */
    BPFCC_SHAPE_BYTES = 9,
    BPFCC_SHAPE_STRUCT = 10, /* of `count` members */
    BPFCC_SHAPE_ARRAY = 11,  /* of `count` elements of the one node inside */
    BPFCC_SHAPE_BITS = 12,   /* `count` of them, from bit `offset` on */
    BPFCC_SHAPE_PREFIX = 13  /* a length and an address */
};
struct bpfcc_shape_name {
    int64_t value;
    const char *name;
};
struct bpfcc_shape {
    const char *name;        /* of a member */
    uint32_t kind;
    uint32_t offset, size;   /* bytes, in what it is a member of */
    uint32_t count;
    uint32_t nodes;          /* this one and all inside it */
    uint32_t is_signed;      /* of enumerations and truth values */
    const struct bpfcc_shape_name *names;
    uint32_t name_count;
};

/* What a host has to know of the context of a program. Offsets of its fields; -1 = it has none, or has it for itself. */
enum bpfcc_packet_kind { BPFCC_PACKET_NONE = 0, BPFCC_PACKET_LINK = 1, BPFCC_PACKET_NETWORK = 2, BPFCC_PACKET_TRANSPORT = 3 };
struct bpfcc_context_info {
    uint32_t size, variable; /* bytes; variable: at most so many, and those that the caller gives are all there are */
    uint32_t packet;         /* with which header packets begin; none: such programs get no packets */
    uint32_t pointer_bytes;
    int16_t data, data_end, data_meta, length;
    int16_t ingress_ifindex, ifindex, protocol, pkt_type, wire_len;
    const uint8_t *readable, *writable; /* a bit for each byte; NULL = all */
};
enum bpfcc_disposition {
    BPFCC_PASS = 0,
    BPFCC_DROP = 1,
    BPFCC_TRANSMIT = 2,
    BPFCC_REDIRECTED = 3,
    BPFCC_ABORT = 4,
    BPFCC_NO_PACKET = 5      /* the hook has no packet to decide about */
};
struct bpfcc_verdict_info {
    int32_t value;           /* the low half of r0 */
    uint32_t disposition;
    const char *name;
};
struct bpfcc_program_info {
    const char *name, *section, *type;
    uint32_t type_number;
    uint32_t max_insns;      /* of bytecode, that a run executes at most; 0 = no bound is known: the code checks itself */
    uint64_t (*entry)(struct bpfcc_run *run);
    bpfcc_program *program;
    uint64_t (*call_back)(struct bpfcc_run *run, uint32_t function, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);
    const struct bpfcc_context_info *context; /* NULL = there is none */
    const struct bpfcc_verdict_info *verdicts;
    uint32_t verdict_count;
    uint32_t other_disposition; /* of results that have no verdict of their own */
    const char *other_name;  /* NULL: the number says it all */
    uint32_t other_numbered; /* the number stands behind that name */
    uint32_t instructions;   /* of bytecode; 0 = not known */
    const char *const *functions; /* their names, by number */
    uint32_t function_count;
};
struct bpfcc_object_info {
    uint32_t version;        /* BPFCC_PROGRAM_VERSION */
    uint32_t checked;        /* 1: the code checks every access */
    const char *made_from, *made_by;
    const struct bpfcc_program_info *programs;
    const struct bpfcc_map_info *maps;
    const struct bpfcc_slot_info *slots;
    uint32_t program_count, map_count, slot_count;
};

#include "bpfcc_words.h"

/* ---- traps ---------------------------------------------------------------------------------------------------------------- */

enum { BPFCC_TRAPPED_BUDGET = 2, BPFCC_TRAPPED_STOPPED = 7, BPFCC_TRAPPED_CALL = 4, BPFCC_TRAPPED_MISALIGNED = 6, BPFCC_TRAPPED_STACK = 3, BPFCC_TRAPPED_UNRESOLVED = 9 };

/* The first trap of a run stays. */
BPFCC_COLD void raise_trap(struct bpfcc_run *run, uint32_t trap, uint64_t address, uint32_t size)
{
    if (!run->trap) {
        run->trap = trap;
        run->trap_size = size;
        run->trap_address = address;
    }
}
/* Note where it was; what a function returns then. */
BPFCC_COLD uint64_t trapped(struct bpfcc_run *run, const void *table, int64_t where)
{
    struct bpfcc_bound *bound = run->backend;
    if (bound->where < 0) {
        bound->where = where;
        bound->where_table = table;
    }
    return 0;
}

/* For code that counts the rounds of its loops: whether there may be another. */
BPFCC_INLINE int round_paid(struct bpfcc_run *run)
{
    if (BPFCC_LIKELY(run->steps_left && !(run->stop && *(const volatile int32_t *)run->stop))) {
        run->steps_left--;
        return 1;
    }
    raise_trap(run, run->steps_left ? BPFCC_TRAPPED_STOPPED : BPFCC_TRAPPED_BUDGET, 0, 0);
    return 0;
}

/* ---- code that checks itself: guest addresses, looked up -------------------------------------------------------------- */

typedef int reach_function(struct bpfcc_run *run, uint64_t address, uint64_t size, int write, struct bpfcc_reach *out);
typedef int64_t more_steps_function(struct bpfcc_run *run, int64_t steps);
typedef int64_t load_packet_function(struct bpfcc_run *run, int64_t offset, uint32_t size);
typedef int push_frame_function(struct bpfcc_run *run, uint32_t depth);
typedef void pop_frame_function(struct bpfcc_run *run, uint32_t depth);

enum { BPFCC_FRAME = 512, BPFCC_FRAMES = 8 };
#define BPFCC_GUEST_STACK UINT64_C(0x1000000)

/* The host address, or NULL and the run traps; `kept` is the piece that the last access of this pointer reached. */
BPFCC_INLINE uint8_t *reach(struct bpfcc_run *run, reach_function *slow, struct bpfcc_reach *kept, uint64_t address, uint64_t size, int write)
{
    uint64_t room = kept->bytes > size - 1 ? kept->bytes - (size - 1) : 0;
    if (!BPFCC_LIKELY(address - kept->lo < room)) {
        struct bpfcc_reach found;
        if (!slow(run, address, size, write, &found))
            return NULL;
        *kept = found;
    }
    return memory(address + kept->delta);
}
/* The same for what is computed from the address of this function's own frame, whose first byte is `guest`. */
BPFCC_INLINE uint8_t *reach_frame(struct bpfcc_run *run, reach_function *slow, uint8_t *frame, uint64_t guest, uint64_t address, uint64_t size, int write)
{
    struct bpfcc_reach found;
    if (BPFCC_LIKELY(address - guest <= BPFCC_FRAME - size))
        return frame + (address - guest);
    return slow(run, address, size, write, &found) ? memory(address + found.delta) : NULL;
}
/* Whether `left`, which a block was paid from, sufficed, after another slice of the budget if need be. */
BPFCC_INLINE int paid(struct bpfcc_run *run, more_steps_function *more, int64_t *left)
{
    if (BPFCC_LIKELY(*left >= 0))
        return 1;
    *left = more(run, *left);
    return run->trap == 0;
}
/* The first slice: none where a stop flag has to be looked at. */
BPFCC_INLINE int64_t first_steps(struct bpfcc_run *run)
{
    uint64_t most = run->stop ? 0 : run->steps_left < 65536 ? run->steps_left : 65536;
    run->steps_left -= most;
    return (int64_t)most;
}
/* What is called looks at the run's own budget. */
BPFCC_INLINE void give_back(struct bpfcc_run *run, int64_t *left)
{
    run->steps_left += (uint64_t)*left;
    *left = 0;
}

#endif
