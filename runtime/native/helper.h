/* How a helper is written, and what helpers share. */
#ifndef BPFCC_HELPER_H
#define BPFCC_HELPER_H

#include <string.h>

#include "state.h"

#if defined(__GNUC__) || defined(__clang__)
#define BPFCC_UNUSED __attribute__((unused))
#else
#define BPFCC_UNUSED
#endif

#define HELPER(name)                                                                                                     \
    uint64_t bpfcc_h_##name(uint64_t r1 BPFCC_UNUSED, uint64_t r2 BPFCC_UNUSED, uint64_t r3 BPFCC_UNUSED,                \
                            uint64_t r4 BPFCC_UNUSED, uint64_t r5 BPFCC_UNUSED, struct bpfcc_run *run BPFCC_UNUSED)

#define BPFCC_IMPLEMENTED(id, name) HELPER(name);
#include "helpers.def"
#undef BPFCC_IMPLEMENTED

/* Linux's program types that helpers tell apart. */
enum {
    BPFCC_TYPE_SOCKET_FILTER = 1,
    BPFCC_TYPE_SCHED_CLS = 3,
    BPFCC_TYPE_SCHED_ACT = 4,
    BPFCC_TYPE_XDP = 6,
    BPFCC_TYPE_LWT_XMIT = 12,
};

/* Map types that helpers tell apart. */
enum {
    BPFCC_MAP_HASH = 1,
    BPFCC_MAP_ARRAY = 2,
    BPFCC_MAP_PROG_ARRAY = 3,
    BPFCC_MAP_PERF_EVENT_ARRAY = 4,
    BPFCC_MAP_PERCPU_HASH = 5,
    BPFCC_MAP_PERCPU_ARRAY = 6,
    BPFCC_MAP_STACK_TRACE = 7,
    BPFCC_MAP_CGROUP_ARRAY = 8,
    BPFCC_MAP_LRU_HASH = 9,
    BPFCC_MAP_LRU_PERCPU_HASH = 10,
    BPFCC_MAP_LPM_TRIE = 11,
    BPFCC_MAP_ARRAY_OF_MAPS = 12,
    BPFCC_MAP_HASH_OF_MAPS = 13,
    BPFCC_MAP_DEVMAP = 14,
    BPFCC_MAP_CPUMAP = 16,
    BPFCC_MAP_XSKMAP = 17,
    BPFCC_MAP_CGROUP_STORAGE = 19,
    BPFCC_MAP_PERCPU_CGROUP_STORAGE = 21,
    BPFCC_MAP_QUEUE = 22,
    BPFCC_MAP_STACK = 23,
    BPFCC_MAP_SK_STORAGE = 24,
    BPFCC_MAP_DEVMAP_HASH = 25,
    BPFCC_MAP_RINGBUF = 27,
    BPFCC_MAP_INODE_STORAGE = 28,
    BPFCC_MAP_TASK_STORAGE = 29,
    BPFCC_MAP_BLOOM_FILTER = 30,
    BPFCC_MAP_CGRP_STORAGE = 32,
};

/* A context's argument must be the context itself in checked runs. */
static inline int bpfcc_is_context(struct bpfcc_run *run, uint64_t address)
{
    uint64_t want = run->checked ? BPFCC_CONTEXT_BASE : (uint64_t)(uintptr_t)run->context;
    if (address == want)
        return 1;
    bpfcc_trap_at(run, BPFCC_TRAP_HELPER, address, 0);
    return 0;
}

/* The function index behind a callback argument, or -1 and a trap. */
static inline int64_t bpfcc_callback(struct bpfcc_run *run, uint64_t handle)
{
    uint64_t offset = handle - BPFCC_FUNC_HANDLE(0);
    if (!(offset & 15) && !(offset >> BPFCC_SLOT_SHIFT) && run->invoke)
        return (int64_t)(offset >> 4);
    bpfcc_trap_at(run, BPFCC_TRAP_CALL, handle, 0);
    return -1;
}

/* Formats as trace_printk and snprintf have it: the length without the NUL, or a negative errno. At most `size` bytes
 * are written, the last of them NUL. `format` is NUL-terminated host memory. */
int64_t bpfcc_format(struct bpfcc_run *run, char *out, uint64_t size, const char *format, const uint64_t *args, uint32_t count);

/* A string at a probed address: bytes copied including the NUL, or -EFAULT. */
int64_t bpfcc_probe_string(struct bpfcc_run *run, uint8_t *out, uint64_t size, uint64_t address);

/* Zeroed memory, for values that a helper makes. */
void *bpfcc_zeros(uint64_t size);
void bpfcc_zeros_free(void *zeros);

/* One's-complement sum of 16-bit words, unfolded, in the host's byte order. */
uint32_t bpfcc_sum(const uint8_t *bytes, uint64_t length, uint32_t sum);

#endif
