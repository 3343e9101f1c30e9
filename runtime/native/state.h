/* What helpers see besides guest memory: maps by id, clock, random numbers, output, the current task; and what they
 * note about one run.
 *
 *   struct bpfcc_state *state = bpfcc_state_create();         one for a loaded module; shared by its runs
 *   bpfcc_state_add_map(state, map, 0, &id);                  ids count from 1
 *   struct bpfcc_run *run = bpfcc_run_create(state, 0, 1);    one a thread: CPU 0, checked
 *   bpfcc_run_set_context(run, bytes, size, readable, writable);
 *   bpfcc_run_set_packet(run, bytes, length);
 *   bpfcc_run_begin(run);  r0 = entry(run);  bpfcc_run_end(run);
 *
 * Ids. BPFCC_MAP_HANDLE(id) is what a program's map registers hold. The four value bytes of a map in a map of maps
 * are the id of the inner map; those of a program array are the index of the program plus one; 0 is empty in both.
 *
 * Threads. Any number of runs may use one state at once, each run on its own thread and its own CPU number; what is
 * set from outside (task, routes, readable memory) is set while none runs. Maps may be added at any time.
 */
#ifndef BPFCC_STATE_H
#define BPFCC_STATE_H

#include <stdatomic.h>

#include "bpfcc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Linux's numbers, whatever the host's errno.h says. */
enum {
    BPFCC_EPERM = 1,
    BPFCC_ENOENT = 2,
    BPFCC_E2BIG = 7,
    BPFCC_EAGAIN = 11,
    BPFCC_ENOMEM = 12,
    BPFCC_EFAULT = 14,
    BPFCC_EBUSY = 16,
    BPFCC_EEXIST = 17,
    BPFCC_ENODEV = 19,
    BPFCC_EINVAL = 22,
    BPFCC_ENOSPC = 28,
    BPFCC_ERANGE = 34,
    BPFCC_ENAMETOOLONG = 36,
    BPFCC_EOVERFLOW = 75,
    BPFCC_EBADMSG = 74,
    BPFCC_EPROTONOSUPPORT = 93,
    BPFCC_ENOTSUPP = 524,
    BPFCC_EOPNOTSUPP = 95,
    BPFCC_EAFNOSUPPORT = 97,
    BPFCC_EDOM = 33,
};

#define BPFCC_ERR(number) ((uint64_t)(int64_t)(-(number)))

/* ---- locks ---------------------------------------------------------------------------------------------- */

/* Held for a few instructions only (output, the table of maps); a program's own locks are others. */
struct bpfcc_mutex {
    atomic_flag taken;
};
void bpfcc_mutex_take(struct bpfcc_mutex *mutex);
void bpfcc_mutex_release(struct bpfcc_mutex *mutex);
void bpfcc_yield(void); /* give way to another thread */

/* ---- maps of a state -------------------------------------------------------------------------------------- */

enum {
    BPFCC_MAP_CHUNK = 256,
    BPFCC_MAP_CHUNKS = 4096,
};

enum bpfcc_bind_flags {
    BPFCC_BIND_READ_ONLY = 1, /* programs may not write its values (frozen data, BPF_F_RDONLY_PROG) */
};

/* A map as programs reach it. */
struct bpfcc_bound_map {
    struct bpfcc_map *map;
    uint32_t id, type, key_size, value_size, max_entries, map_flags;
    uint32_t slot, slots;       /* where its values lie in guest memory; 0 slots = no values to point at, or no room */
    uint32_t no_room;           /* has values, but guest memory is used up: checked runs cannot have it */
    uint64_t guest_base;        /* guest address of its first value */
    struct bpfcc_region region; /* of its values */
};

/* ---- output ------------------------------------------------------------------------------------------------ */

enum bpfcc_log_kind {
    BPFCC_LOG_TRACE = 1,  /* a line of trace_printk, without its newline */
    BPFCC_LOG_CLONE = 2,  /* clone_redirect: u32 ifindex, u32 0, u64 flags, the packet */
    BPFCC_LOG_SIGNAL = 3, /* send_signal(_thread): u32 signal, u32 whether to the thread only */
    BPFCC_LOG_WRITE = 4,  /* probe_write_user: u64 address, the bytes */
    BPFCC_LOG_PRINT = 5,  /* seq_printf, seq_write: text */
};

/* A record of the log, followed by `length` bytes and padding to 8. (ABI) */
struct bpfcc_log_record {
    uint32_t kind, cpu;
    uint64_t time_ns;
    uint32_t length, padded;
};

struct bpfcc_log {
    struct bpfcc_mutex mutex;
    uint8_t *bytes;
    size_t used, capacity, limit; /* what does not fit below the limit is dropped and counted */
    uint64_t dropped;
};

/* ---- what the caller supplies ------------------------------------------------------------------------------- */

/* (ABI) */
struct bpfcc_task {
    uint64_t pid_tgid; /* thread group id << 32 | thread id */
    uint64_t uid_gid;  /* gid << 32 | uid */
    uint64_t cgroup_id;
    uint64_t task;     /* what get_current_task returns: an address that the caller makes readable, or 0 */
    uint64_t ancestors[8]; /* cgroup ids by level; [level of the task] is cgroup_id */
    uint32_t ancestor_count;
    uint32_t numa_node;
    uint64_t netns_cookie, socket_cookie;
    uint32_t socket_uid;
    uint32_t set;      /* bits of enum bpfcc_task_set */
    char comm[16];
};

enum bpfcc_task_set {
    BPFCC_TASK_CGROUP = 1,
    BPFCC_TASK_TASK = 2,
    BPFCC_TASK_NETNS = 4,
    BPFCC_TASK_SOCKET = 8,
};

/* Memory that probe_read and its kin may read, at any 64-bit address. (ABI) */
struct bpfcc_readable {
    uint64_t address, size;
    const uint8_t *host;
};

/* (ABI) */
struct bpfcc_route {
    uint8_t prefix[16];
    uint8_t gateway[16];
    uint8_t source[16];      /* preferred source address, used with BPF_FIB_LOOKUP_SRC */
    uint8_t smac[6], dmac[6];
    uint32_t family;         /* 2 or 10 */
    uint32_t prefix_bits;
    uint32_t gateway_family; /* 0 = directly connected */
    uint32_t ifindex;
    uint32_t mtu;
    uint32_t table;
    uint32_t metric;
    uint32_t kind;           /* enum bpfcc_route_kind */
    uint32_t neighbour;      /* whether dmac is known */
    uint32_t has_source;
};

enum bpfcc_route_kind {
    BPFCC_ROUTE_UNICAST = 1,
    BPFCC_ROUTE_LOCAL = 2,
    BPFCC_ROUTE_BLACKHOLE = 6,
    BPFCC_ROUTE_UNREACHABLE = 7,
    BPFCC_ROUTE_PROHIBIT = 8,
};

/* A network device: what check_mtu and fib_lookup ask. (ABI) */
struct bpfcc_device {
    uint32_t ifindex, mtu, forwarding, vlan_proto, vlan_id, parent;
};

enum bpfcc_clock_mode {
    BPFCC_CLOCK_REAL = 0,
    BPFCC_CLOCK_DRIVEN = 1, /* time stands still but for what the caller sets */
};

struct bpfcc_timer;

enum { BPFCC_RANDOM_LANES = 64, BPFCC_PERF_CPUS = 256 };

struct bpfcc_random_lane {
    _Atomic uint64_t count;
    uint64_t padding[7]; /* a cache line each: CPUs do not disturb one another */
};

struct bpfcc_state {
    _Atomic(struct bpfcc_bound_map **) chunks[BPFCC_MAP_CHUNKS];
    _Atomic uint32_t map_count; /* ids 1 .. map_count are taken */
    struct bpfcc_mutex mutex;
    uint32_t next_slot;
    _Atomic uint32_t maps_without_room;

    _Atomic uint32_t clock_mode;
    _Atomic uint64_t clock_ns;                    /* monotonic, when driven */
    uint64_t boot_offset_ns, real_offset_ns, tai_offset_ns; /* what the other clocks add, when driven */

    uint64_t seed;
    struct bpfcc_random_lane random[BPFCC_RANDOM_LANES];

    struct bpfcc_log log;
    struct bpfcc_task task;
    uint32_t cpus;

    struct bpfcc_readable *readable;
    uint32_t readable_count;
    struct bpfcc_route *routes;
    uint32_t route_count;
    struct bpfcc_device *devices;
    uint32_t device_count;
    uint64_t *stack; /* instruction pointers that get_stack reports, innermost first */
    uint32_t stack_count;
    uint32_t stack_set;

    struct bpfcc_mutex timer_mutex;
    struct bpfcc_timer *timers;
    uint64_t timer_number;
};

/* ---- what helpers note about one run ------------------------------------------------------------------------ */

enum { BPFCC_MAX_GRANTS = 32, BPFCC_MAX_LOCKS = 1, BPFCC_USER_REGIONS = 2 };

enum bpfcc_grant_kind {
    BPFCC_GRANT_FREE = 0,
    BPFCC_GRANT_RESERVATION = 1, /* of a ring buffer: must be submitted or discarded */
    BPFCC_GRANT_KEY = 2,         /* the key that for_each_map_elem shows its callback */
    BPFCC_GRANT_DYNPTR = 3,      /* a reservation behind a dynptr */
};

/* Memory that a helper handed to the program: guest addresses in slot BPFCC_SLOT_RING. */
struct bpfcc_grant {
    uint64_t address; /* as the program sees it */
    uint8_t *host;
    uint64_t size;
    uint32_t kind, writable;
    struct bpfcc_bound_map *map;
};

enum bpfcc_redirect_kind {
    BPFCC_REDIRECT_NONE = 0,
    BPFCC_REDIRECT_DEVICE = 1,
    BPFCC_REDIRECT_MAP = 2,
    BPFCC_REDIRECT_PEER = 3,
    BPFCC_REDIRECT_NEIGHBOUR = 4,
};

/* (ABI) */
struct bpfcc_redirect {
    uint32_t kind, ifindex, map_id, family; /* family: next hop given to redirect_neigh, or 0 */
    uint64_t key, flags;
    uint32_t target; /* value found in a devmap or cpumap: interface index, queue size */
    uint32_t reserved;
    uint8_t next_hop[16];
};

/* (ABI up to and including `function_arguments`) */
struct bpfcc_outcome {
    uint32_t platform;     /* 0 Linux, 1 Windows */
    uint32_t program_type; /* the platform's number */
    struct bpfcc_redirect redirect;
    uint64_t override_value;
    uint64_t attach_cookie, function_ip;
    uint64_t bytes_changed; /* helpers that wrote the packet, a count */
    uint32_t overridden;
    int32_t retval;      /* what get_retval returns and set_retval sets */
    uint32_t references; /* reservations not yet submitted or discarded */
    uint32_t locks;      /* spin locks held */
    uint32_t hash;       /* of the packet, as get_hash_recalc returns it */
    uint32_t hash_valid;
    uint32_t link_bytes; /* link header at the front of a fresh packet: 14 where the program sees it, else 0 */
    uint32_t network_offset; /* where the network header begins now, from data */
    uint32_t ifindex;    /* the device of the packet: what index 0 means to check_mtu */
    uint32_t function_arguments; /* of the traced function, in the context */

    uint32_t packet_generation; /* counts moves of the packet: each gets other guest addresses */
    uint32_t packet_headroom;   /* where data begins in a fresh packet */
    uint32_t ticket, entered;   /* of bpfcc_run_enter */
    uint8_t *lock;              /* the lock held */
    uint64_t ring_next;         /* next free guest offset in the slot of grants */
    uint32_t grant_count, maps_seen;
    struct bpfcc_grant grants[BPFCC_MAX_GRANTS];
    struct bpfcc_region stack, context, packet, ring, user[BPFCC_USER_REGIONS];
    uint32_t packet_allocated, context_allocated;
    uint8_t frames[BPFCC_MAX_FRAMES * BPFCC_FRAME_BYTES];
};

/* ---- states, from outside ------------------------------------------------------------------------------------ */

BPFCC_API struct bpfcc_state *bpfcc_state_create(void);
BPFCC_API void bpfcc_state_free(struct bpfcc_state *state); /* not the maps */
/* Binds a map to the next id; `flags` of enum bpfcc_bind_flags. The map outlives the state. 0 or a negative errno. */
BPFCC_API int bpfcc_state_add_map(struct bpfcc_state *state, struct bpfcc_map *map, uint32_t flags, uint32_t *id);
/* Guest address of the first value, 0 = none. */
BPFCC_API uint64_t bpfcc_state_map_base(const struct bpfcc_state *state, uint32_t id);
/* Host address of the first value, NULL = none: what `lddw` of a map value means in an unchecked run. */
BPFCC_API void *bpfcc_state_map_host(const struct bpfcc_state *state, uint32_t id);
BPFCC_API struct bpfcc_map *bpfcc_state_map(const struct bpfcc_state *state, uint32_t id);
BPFCC_API void bpfcc_state_set_clock(struct bpfcc_state *state, uint32_t mode, uint64_t ns);
BPFCC_API void bpfcc_state_set_clock_offsets(struct bpfcc_state *state, uint64_t boot_ns, uint64_t real_ns, uint64_t tai_ns);
BPFCC_API uint64_t bpfcc_state_now(const struct bpfcc_state *state); /* monotonic */
BPFCC_API void bpfcc_state_set_seed(struct bpfcc_state *state, uint64_t seed);
BPFCC_API void bpfcc_state_set_cpus(struct bpfcc_state *state, uint32_t cpus);
BPFCC_API void bpfcc_state_set_task(struct bpfcc_state *state, const struct bpfcc_task *task);
/* These copy the list, but not the memory that readable regions point at. */
BPFCC_API int bpfcc_state_set_readable(struct bpfcc_state *state, const struct bpfcc_readable *list, uint32_t count);
BPFCC_API int bpfcc_state_set_routes(struct bpfcc_state *state, const struct bpfcc_route *list, uint32_t count);
BPFCC_API int bpfcc_state_set_devices(struct bpfcc_state *state, const struct bpfcc_device *list, uint32_t count);
BPFCC_API int bpfcc_state_set_stack(struct bpfcc_state *state, const uint64_t *list, uint32_t count);
BPFCC_API void bpfcc_state_set_log_limit(struct bpfcc_state *state, uint64_t bytes);
/* Moves whole records out of the log: bytes written. Call with NULL for the bytes waiting. */
BPFCC_API uint64_t bpfcc_state_take_log(struct bpfcc_state *state, uint8_t *out, uint64_t capacity);
BPFCC_API uint64_t bpfcc_state_log_dropped(struct bpfcc_state *state);

/* ---- runs, from outside ---------------------------------------------------------------------------------------- */

BPFCC_API struct bpfcc_run *bpfcc_run_create(struct bpfcc_state *state, uint32_t cpu, int checked);
BPFCC_API void bpfcc_run_free(struct bpfcc_run *run);
BPFCC_API struct bpfcc_outcome *bpfcc_run_outcome(struct bpfcc_run *run);
/* Copies `size` context bytes; the bitmaps (one bit a byte, NULL = all) must live as long as the run uses them. */
BPFCC_API int bpfcc_run_set_context(struct bpfcc_run *run, const uint8_t *bytes, uint32_t size, const uint8_t *readable, const uint8_t *writable);
/* Copies the packet behind fresh headroom and refreshes the context's packet fields. */
BPFCC_API int bpfcc_run_set_packet(struct bpfcc_run *run, const uint8_t *bytes, uint32_t length);
/* Bytes of headroom before a fresh packet (256 = Linux's XDP) and of context metadata that lie before data. */
BPFCC_API void bpfcc_run_set_headroom(struct bpfcc_run *run, uint32_t bytes);
/* Memory of the caller at BPFCC_USER_BASE + (index << BPFCC_SLOT_SHIFT); not copied. 0 bytes takes it away. */
BPFCC_API int bpfcc_run_set_user(struct bpfcc_run *run, uint32_t index, uint8_t *bytes, uint64_t size, int writable);
/* Before and after each entry: budget, traps, notes and maps are made ready; held locks and reservations are given
 * back, and trap BPFCC_TRAP_REFERENCE if the program kept them. */
BPFCC_API int bpfcc_run_begin(struct bpfcc_run *run, uint64_t steps);
BPFCC_API void bpfcc_run_end(struct bpfcc_run *run);

/* (ABI) One run of a batch: what goes in and what comes out. */
struct bpfcc_batch_item {
    const uint8_t *packet;  /* in */
    uint32_t length;
    uint32_t ifindex;       /* ingress interface written to the context, where the context has a field for it */
    uint64_t time_ns;       /* set the driven clock to this before the run, 0 = leave it */
    uint64_t result;        /* out: r0 */
    uint64_t steps;         /* instructions of bytecode */
    uint64_t ns;            /* time of this run alone, where asked for */
    uint32_t trap, trap_size;
    uint64_t trap_address;
    struct bpfcc_redirect redirect;
    uint64_t out_offset;    /* of the packet in the output bytes */
    uint32_t out_length;    /* length after the run */
    uint32_t copied;
};

/* (ABI) Where the context repeats what the packet itself says: offsets, -1 = nowhere, or the caller has said it. */
struct bpfcc_packet_fields {
    int32_t protocol, pkt_type, wire_len;
    uint32_t link; /* packets begin with a link header; else with a network header */
};

/* (ABI) What a run of a batch did besides its result; most do nothing else. */
struct bpfcc_batch_note {
    uint64_t index; /* of the packet */
    uint32_t trap, trap_size;
    uint64_t trap_address;
    struct bpfcc_redirect redirect;
};

enum { BPFCC_SAME_PACKET = 0xffffffff };

/* (ABI) A batch as lists, one element a packet: little memory is touched for each. */
struct bpfcc_batch_lists {
    const uint8_t *packets; /* one after the other; moves on with what is done */
    const uint32_t *lengths;
    const uint32_t *ifindexes; /* NULL: all came in on `ifindex` */
    const uint64_t *times_ns;  /* NULL: the clock is left */
    uint64_t *results;
    uint64_t *steps;        /* NULL: not wanted, as the others below */
    uint64_t *ns;           /* each run is timed */
    uint32_t *out_lengths;  /* of the packet afterwards; BPFCC_SAME_PACKET where no byte of it changed: then it is not copied */
    struct bpfcc_batch_note *notes; /* room for one a packet */
    uint64_t note_count;    /* out */
    uint64_t changed;       /* out: packets that are not as they were */
    uint64_t first;         /* where in the lists this call begins */
    uint32_t ifindex, reserved;
};

/* (ABI) */
struct bpfcc_batch {
    struct bpfcc_batch_item *items; /* or NULL, and `lists` */
    struct bpfcc_batch_lists *lists;
    uint64_t count;
    const uint8_t *context; /* the context of each run, before the packet fields are filled in */
    uint32_t context_size;
    int32_t ifindex_offset; /* where each item's ifindex goes in the context, -1 = nowhere */
    uint64_t steps;         /* budget of each run */
    uint8_t *out;           /* room for packets after the run, or NULL */
    uint64_t out_capacity, out_used;
    uint64_t total_ns;      /* out */
    uint64_t done;          /* out: items finished; fewer than count when the stop flag was raised */
    uint32_t time_each;     /* 1 = fill in ns of each item */
    uint32_t stop_on_trap;
    struct bpfcc_packet_fields fields;
    uint32_t out_full;      /* out: the packet of the last item found no room, it lies in the run; the rest did not run */
    uint32_t reserved;
};

/* (ABI) One run as bpfcc_run_once makes it: what is the same each time, and what came out. */
struct bpfcc_call {
    struct bpfcc_run *run;
    bpfcc_entry entry;
    const uint8_t *context; /* the context before the packet fields are filled in */
    uint8_t *context_after; /* out: as many bytes, as the run left them */
    const uint8_t *readable, *writable;
    uint32_t context_size;
    int32_t error;          /* out: 0, or a negative errno: nothing ran */
    uint64_t budget;
    struct bpfcc_packet_fields fields;
    uint64_t result;        /* out: r0 */
    uint64_t steps;         /* out */
    double ns;              /* out: of the run itself */
    uint32_t trap;          /* out */
    uint32_t redirect;      /* out: enum bpfcc_redirect_kind */
    uint32_t same;          /* out: 1 = no byte of the packet changed */
    uint32_t reserved;
};

/* After bpfcc_run_set_context and bpfcc_run_set_packet. Batches do it themselves. */
BPFCC_API void bpfcc_run_describe_packet(struct bpfcc_run *run, const struct bpfcc_packet_fields *fields);
BPFCC_API int bpfcc_run_batch(struct bpfcc_run *run, bpfcc_entry entry, struct bpfcc_batch *batch);
/* As PROG_TEST_RUN's repeat: the same context and packet again each time, restored between the runs; nanoseconds of
 * the runs themselves, result of the last. Ends early at a trap. */
BPFCC_API uint64_t bpfcc_run_repeat(struct bpfcc_run *run, bpfcc_entry entry, uint64_t repeat, uint64_t steps, uint64_t *ns);

/* Context and packet put in place, and the program run once. 0: it ended, sent nothing elsewhere and left the packet as it was; else
 * the call says what was different. */
BPFCC_API int bpfcc_run_once(struct bpfcc_call *call, const uint8_t *packet, uint64_t length);

/* The largest of some lengths; all of them together in *total. */
BPFCC_API uint32_t bpfcc_longest(const uint32_t *lengths, uint64_t count, uint64_t *total);

BPFCC_API uint64_t bpfcc_clock_ns(void); /* the host's monotonic clock */
/* As bpfcc_abi_table, for the structures of this header. */
BPFCC_API const struct bpfcc_abi_row *bpfcc_state_abi_table(void);

/* ---- helpers, from outside ------------------------------------------------------------------------------------- */

/* By Linux's id, or NULL where this runtime has none: then a program that calls it cannot be prepared. */
BPFCC_API bpfcc_helper bpfcc_helper_table(uint32_t id);
/* By Windows' id of a general helper or of the program type's own. */
BPFCC_API bpfcc_helper bpfcc_helper_table_windows(uint32_t program_type, uint32_t id);

/* ---- timers ---------------------------------------------------------------------------------------------------- */

/* When the next timer is due, or UINT64_MAX. */
BPFCC_API uint64_t bpfcc_timers_next(struct bpfcc_state *state);
/* Calls back every timer due at the state's time, in the order of their times, on `run`; how many. */
BPFCC_API uint32_t bpfcc_timers_fire(struct bpfcc_run *run, uint64_t steps);

/* ---- for helpers ------------------------------------------------------------------------------------------------ */

static inline struct bpfcc_bound_map *bpfcc_bound(const struct bpfcc_state *state, uint64_t id)
{
    if (id - 1 >= atomic_load_explicit(&((struct bpfcc_state *)state)->map_count, memory_order_acquire))
        return NULL;
    id -= 1;
    return atomic_load_explicit(&((struct bpfcc_state *)state)->chunks[id / BPFCC_MAP_CHUNK], memory_order_relaxed)[id % BPFCC_MAP_CHUNK];
}

/* The map behind a handle; traps and returns NULL where there is none. */
static inline struct bpfcc_bound_map *bpfcc_map_argument(struct bpfcc_run *run, uint64_t handle)
{
    uint64_t offset = handle - BPFCC_MAP_HANDLE(0);
    struct bpfcc_bound_map *bound = (offset & 15) || offset >> BPFCC_SLOT_SHIFT ? NULL : bpfcc_bound(run->state, offset >> 4);
    if (!bound)
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, handle, 0);
    return bound;
}

void bpfcc_run_map_slots(struct bpfcc_run *run, struct bpfcc_bound_map *bound);

/* A pointer to a value as the program gets it. */
static inline uint64_t bpfcc_value_address(struct bpfcc_run *run, struct bpfcc_bound_map *bound, const void *host)
{
    if (!host)
        return 0;
    if (!run->checked)
        return (uint64_t)(uintptr_t)host;
    if (!run->slots[bound->slot])
        bpfcc_run_map_slots(run, bound); /* a map added after the run began */
    return bound->guest_base + (uint64_t)((const uint8_t *)host - bound->region.host);
}

/* As bpfcc_access, but without a trap: what probe_read asks. Covers the run's own memory and the caller's readable
 * memory; never an arbitrary host address, in unchecked runs neither. */
const void *bpfcc_probe(struct bpfcc_run *run, uint64_t address, uint64_t size);
/* How many of `size` bytes at `address` probe can read without a gap, and where they are. */
const uint8_t *bpfcc_probe_span(struct bpfcc_run *run, uint64_t address, uint64_t size, uint64_t *span);

/* Hands memory out: the address for the program, or 0 when too much is out already. */
uint64_t bpfcc_grant(struct bpfcc_run *run, uint8_t *host, uint64_t size, uint32_t kind, int writable, struct bpfcc_bound_map *map);
struct bpfcc_grant *bpfcc_grant_find(struct bpfcc_run *run, uint64_t address, uint32_t kind);
void bpfcc_grant_take_back(struct bpfcc_run *run, struct bpfcc_grant *grant);

/* After packet_meta, packet_data or packet_end changed (or may have): new guest addresses, context fields, region. */
void bpfcc_packet_moved(struct bpfcc_run *run);
/* Room for a packet of `length` behind `headroom` bytes; keeps what is there. 0 or a negative errno. */
int bpfcc_packet_reserve(struct bpfcc_run *run, uint32_t headroom, uint32_t length);

void bpfcc_log_add(struct bpfcc_run *run, uint32_t kind, const void *head, uint32_t head_length, const void *bytes, uint32_t length);

void bpfcc_timers_free(struct bpfcc_state *state);
/* Gives back every lock and reservation that the run still holds. */
void bpfcc_release_all(struct bpfcc_run *run);

/* Loads and stores of packet and context bytes in the order of the host's processor (little-endian everywhere we run). */
static inline uint16_t bpfcc_get16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t bpfcc_get32(const uint8_t *p) { return (uint32_t)bpfcc_get16(p) | (uint32_t)bpfcc_get16(p + 2) << 16; }
static inline void bpfcc_put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v, p[1] = (uint8_t)(v >> 8), p[2] = (uint8_t)(v >> 16), p[3] = (uint8_t)(v >> 24);
}
static inline void bpfcc_put64(uint8_t *p, uint64_t v)
{
    bpfcc_put32(p, (uint32_t)v), bpfcc_put32(p + 4, (uint32_t)(v >> 32));
}

#ifdef __cplusplus
}
#endif
#endif
