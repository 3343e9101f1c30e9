/* The maps of an emitted file, made as libbpf makes them in Linux, and what its code reaches through the table. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum {
    TYPE_PROG_ARRAY = 3,
    TYPE_PERF_EVENT_ARRAY = 4,
    TYPE_ARRAY_OF_MAPS = 12,
    TYPE_HASH_OF_MAPS = 13,
    TYPE_RINGBUF = 27,
    RING_PAGE_BYTES = 4096,
    MOST_KEY_BYTES = 512,
    READ_ONLY_PROGRAM = 1 << 7, /* BPF_F_RDONLY_PROG */
};
static const uint32_t NO_FIELD = UINT32_MAX;
static const uint32_t LOG_BYTES = 16 << 20;

static const char *const type_names[] = {
    [1] = "hash", "array", "prog_array", "perf_event_array", "percpu_hash", "percpu_array", "stack_trace", "cgroup_array", "lru_hash",
    "lru_percpu_hash", "lpm_trie", "array_of_maps", "hash_of_maps", "devmap", "sockmap", "cpumap", "xskmap", "sockhash", "cgroup_storage",
    "reuseport_sockarray", "percpu_cgroup_storage", "queue", "stack", "sk_storage", "devmap_hash", "struct_ops", "ringbuf",
    "inode_storage", "task_storage", "bloom_filter", "user_ringbuf", "cgrp_storage", "arena",
};

const char *map_type_name(uint32_t type)
{
    return type && type < sizeof type_names / sizeof *type_names ? type_names[type] : "unknown";
}

bool map_is_per_cpu(uint32_t type)
{
    return type == 5 || type == 6 || type == 10 || type == 21;
}

/* ---- making them --------------------------------------------------------------------------------------------------------- */

static void must(int error, const char *name, const char *action)
{
    static const struct {
        int number;
        const char *meaning;
    } known[] = {
        {BPFCC_EPERM, "the map's flags or a freeze forbid it"}, {BPFCC_E2BIG, "it is full, or a size is too large"},
        {BPFCC_ENOMEM, "there is not enough memory"}, {BPFCC_EINVAL, "the definition is invalid"}, {BPFCC_ENOSPC, "it is full"},
        {BPFCC_EOVERFLOW, "a number is too large"},
    };
    if (error >= 0)
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == -error)
            fail(STATUS_INPUT, "map '%s': %s: %s", name, action, known[i].meaning);
    fail(STATUS_INPUT, "map '%s': %s: error %d of Linux", name, action, -error);
}

/* The size that libbpf gives a ring buffer: the next power of two of whole pages. 0 stays 0, which is refused. */
static uint32_t ring_bytes(uint32_t size)
{
    uint64_t found = RING_PAGE_BYTES;
    if (!size)
        return 0;
    while (found < size)
        found *= 2;
    return found > UINT32_MAX ? UINT32_MAX : (uint32_t)found;
}

static void make_map(struct host_map *made, const struct bpfcc_map_info *info)
{
    struct bpfcc_map_def def = {
        .type = info->type, .key_size = info->key_size, .value_size = info->value_size, .max_entries = info->max_entries,
        .flags = info->flags, .cpus = HOST_CPUS, .extra = info->extra,
    };
    if (info->type == TYPE_RINGBUF)
        def.max_entries = ring_bytes(def.max_entries);
    if (info->type == TYPE_PERF_EVENT_ARRAY && !def.max_entries)
        def.max_entries = HOST_CPUS;
    made->info = info;
    must(bpfcc_map_create(&def, &made->map), info->name, "create");
    if (info->stride && ((const struct bpfcc_map_head *)(const void *)made->map)->stride != info->stride)
        fail(STATUS_UNSUPPORTED, "map '%s': its values lie otherwise than the program expects", info->name);
    if (info->lock_offset != NO_FIELD || info->timer_offset != NO_FIELD)
        must(bpfcc_map_set_fields(made->map, info->lock_offset, info->timer_offset), info->name, "set fields");
    if (info->initial) {
        uint32_t first = 0;
        must(bpfcc_map_write(made->map, &first, info->initial, 0), info->name, "store the initial contents");
        if (info->flags & READ_ONLY_PROGRAM)
            must(bpfcc_map_freeze(made->map), info->name, "freeze");
    }
}

/* What maps of maps and program arrays hold from the start: ids of maps, numbers of programs from 1 on. */
static void fill(const struct host *host, const struct host_map *map)
{
    bool programs = map->info->type == TYPE_PROG_ARRAY;
    if (!programs && map->info->type != TYPE_ARRAY_OF_MAPS && map->info->type != TYPE_HASH_OF_MAPS)
        return;
    for (uint32_t i = 0; i < map->info->value_count; i++) {
        const struct bpfcc_map_value *value = &map->info->values[i];
        uint32_t found = 0, count = programs ? bpfcc_object.program_count : bpfcc_object.map_count;
        for (uint32_t at = 0; at < count && !found; at++)
            if (!strcmp(value->name, programs ? bpfcc_object.programs[at].name : bpfcc_object.maps[at].name))
                found = programs ? at + 1 : host->maps[at].id;
        if (!found && !programs)
            fail(STATUS_INPUT, "map '%s' names '%s', which is no map of the program", map->info->name, value->name);
        if (found) {
            uint8_t key[MOST_KEY_BYTES] = {0};
            bpfcc_put32(key, value->index);
            must(map->info->key_size > sizeof key ? -BPFCC_E2BIG : bpfcc_map_write(map->map, key, &found, 0), map->info->name, "store an entry");
        }
    }
}

/* ---- the table ------------------------------------------------------------------------------------------------------------- */

/* An address as a word of the table; functions have types of their own. */
#define WORD_OF(function) ((uint64_t)(uintptr_t)(function))

static uint64_t runtime_function(uint32_t which)
{
    switch (which) {
    case BPFCC_RUNTIME_REACH:
        return WORD_OF(bpfcc_reach);
    case BPFCC_RUNTIME_MORE_STEPS:
        return WORD_OF(bpfcc_more_steps);
    case BPFCC_RUNTIME_LOAD_PACKET:
        return WORD_OF(bpfcc_load_packet);
    case BPFCC_RUNTIME_PUSH_FRAME:
        return WORD_OF(bpfcc_push_frame);
    case BPFCC_RUNTIME_POP_FRAME:
        return WORD_OF(bpfcc_pop_frame);
    default:
        fail(STATUS_UNSUPPORTED, "the program needs function %u of a later runtime", which);
    }
}

static uint64_t helper(uint32_t which)
{
    bpfcc_helper found = bpfcc_helper_table(which);
    if (!found)
        fail(STATUS_UNSUPPORTED, "the program calls helper %u, which has no meaning outside of a kernel", which);
    return WORD_OF(found);
}

static uint64_t of_map(const struct host *host, const struct bpfcc_slot_info *slot)
{
    const struct host_map *map = &host->maps[slot->which];
    const struct bpfcc_map_head *head = (const struct bpfcc_map_head *)(const void *)map->map;
    const void *values;
    switch (slot->kind) {
    case BPFCC_SLOT_MAP_HANDLE:
        return BPFCC_MAP_HANDLE(map->id);
    case BPFCC_SLOT_MAP:
        return WORD_OF(map->map);
    case BPFCC_SLOT_MAP_FIRST_VALUE:
        values = bpfcc_state_map_host(host->state, map->id);
        return values ? WORD_OF(values) : WORD_OF(head->values);
    case BPFCC_SLOT_MAP_GUEST_VALUE:
        return bpfcc_state_map_base(host->state, map->id);
    case BPFCC_SLOT_MAP_CPU_BYTES:
        return head->cpu_bytes;
    default:
        fail(STATUS_UNSUPPORTED, "the program's table has a slot of kind %u, of a later version", slot->kind);
    }
}

static uint64_t word_of(const struct host *host, const struct bpfcc_slot_info *slot)
{
    switch (slot->kind) {
    case BPFCC_SLOT_TARGETS_OF_TAIL_CALLS:
        return WORD_OF(host->targets);
    case BPFCC_SLOT_TARGET_COUNT:
        return bpfcc_object.program_count;
    case BPFCC_SLOT_HELPER:
        return helper(slot->which);
    case BPFCC_SLOT_RUNTIME:
        return runtime_function(slot->which);
    default:
        return of_map(host, slot);
    }
}

void host_open(struct host *host)
{
    uint32_t programs = bpfcc_object.program_count, maps = bpfcc_object.map_count, slots = bpfcc_object.slot_count;
    if (bpfcc_object.version != BPFCC_PROGRAM_VERSION)
        fail(STATUS_UNSUPPORTED, "the program is of version %u, its host of version %d", bpfcc_object.version, BPFCC_PROGRAM_VERSION);
    *host = (struct host){.state = bpfcc_state_create()};
    if (!host->state)
        fail(STATUS_INPUT, "no memory");
    bpfcc_state_set_cpus(host->state, HOST_CPUS);
    bpfcc_state_set_seed(host->state, 0);
    bpfcc_state_set_log_limit(host->state, LOG_BYTES);
    bpfcc_state_set_clock_offsets(host->state, 0, 0, UINT64_C(37000000000));
    bpfcc_state_set_task(host->state, &(const struct bpfcc_task){.pid_tgid = UINT64_C(1) << 32 | 1, .socket_uid = 65534, .comm = "bpfcc"});
    host->maps = grown(NULL, maps + 1, sizeof *host->maps);
    for (uint32_t i = 0; i < maps; i++) {
        struct host_map *map = &host->maps[i];
        uint32_t flags = bpfcc_object.maps[i].flags & READ_ONLY_PROGRAM ? BPFCC_BIND_READ_ONLY : 0;
        make_map(map, &bpfcc_object.maps[i]);
        must(bpfcc_state_add_map(host->state, map->map, flags, &map->id), map->info->name, "add");
    }
    for (uint32_t i = 0; i < maps; i++)
        fill(host, &host->maps[i]);
    host->targets = grown(NULL, programs, sizeof *host->targets);
    host->tables = grown(NULL, programs, sizeof *host->tables);
    for (uint32_t i = 0; i < programs; i++) {
        host->tables[i] = grown(NULL, slots + 1, sizeof **host->tables);
        host->targets[i] = (struct bpfcc_target){bpfcc_object.programs[i].program, host->tables[i]};
    }
    for (uint32_t i = 0; i < programs; i++)
        for (uint32_t at = 0; at < slots; at++)
            host->tables[i][at] = word_of(host, &bpfcc_object.slots[at]);
}

void host_close(struct host *host)
{
    bpfcc_state_free(host->state);
    for (uint32_t i = 0; i < bpfcc_object.map_count; i++)
        bpfcc_map_free(host->maps[i].map);
    for (uint32_t i = 0; i < bpfcc_object.program_count; i++)
        free(host->tables[i]);
    free(host->tables);
    free(host->targets);
    free(host->maps);
}
