/* Plays the loader of eBPF for Windows: loads a native library, checks its tables as the loader does, makes what its programs need,
 * and runs them.
 *
 *   host.exe module.dll commands.txt          one JSON document on standard output; of a .sys, kernel.c plays the kernel
 *
 *   type NAME NUMBER CONTEXT_BYTES DATA END PACKET    of programs: offsets of the context's pointers (-1 = none), whether to a packet
 *   put MAP KEY VALUE                                 an entry
 *   run NAME CONTEXT DATA                             bytes in hex, - for none
 *
 * Maps and helpers are those of bpfcc's runtime, but for arrays and global variables: Windows lays their values out side by side, and
 * modules index them by themselves. Status 3: the module breaks a rule of the loader, which standard error names.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#endif

#include "../../runtime/native/helper.h"
#include "../../runtime/native/state.h"
#include "kernel.h"

/* ---- the interface, written down once more: what the module has is compared with this ------------------------------------ */

struct header {
    uint16_t version;
    size_t size, total_size;
};
struct definition {
    uint32_t type, key_size, value_size, max_entries, inner_map_idx, pinning, id, inner_id;
};
struct helper_entry {
    struct header header;
    uint32_t id;
    const char *name;
};
typedef uint64_t helper_function(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *context);
struct helper_data {
    struct header header;
    helper_function *address;
    bool tail_call;
};
struct map_entry {
    uint64_t zeros[2];
    struct header header;
    struct definition definition;
    const char *name;
};
struct map_data {
    struct header header;
    uint64_t address;
    uint8_t *array_data;
};
struct initial_values {
    struct header header;
    const char *name;
    size_t count;
    const char **values;
};
struct section_info {
    struct header header;
    const char *name;
    size_t size;
    const void *initial_data;
};
struct section_data {
    struct header header;
    uint8_t *address;
};
struct function_entry {
    struct header header;
    const char *name;
    uint8_t module[16];
};
struct function_data {
    struct header header;
    helper_function *address;
};
struct runtime_context {
    struct header header;
    struct helper_data *helpers;
    struct map_data *maps;
    struct section_data *sections;
    struct function_data *functions;
};
struct program_entry {
    uint64_t zero;
    struct header header;
    uint64_t (*function)(void *context, const struct runtime_context *runtime);
    const char *pe_section, *section, *name;
    uint16_t *map_indices;
    uint16_t map_count;
    struct helper_entry *helpers;
    uint16_t helper_count;
    size_t instructions;
    const uint8_t *type, *attach_type, *hash;
    size_t hash_bytes;
    const char *hash_type;
    struct function_entry *functions;
    uint16_t function_count;
};
struct version {
    uint32_t major, minor, revision;
};
struct table {
    size_t size;
    void (*programs)(struct program_entry **, size_t *);
    void (*maps)(struct map_entry **, size_t *);
    void (*hash)(const uint8_t **, size_t *);
    void (*version)(struct version *);
    void (*initial_values)(struct initial_values **, size_t *);
    void (*sections)(struct section_info **, size_t *);
};

enum { HEADER_BYTES = 64, MOST_HELPERS = 64, MOST_NAME = 64, LINE_BYTES = 1 << 20, GUARD = 0x5a, MOST_TAIL_CALLS = 33, ARRAY = 2 };

void broken(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(3);
}
#define RULE(holds, ...) \
    do { \
        if (!(holds)) \
            broken(__VA_ARGS__); \
    } while (0)

static void *made(size_t count, size_t size)
{
    void *found = calloc(count + 1, size ? size : 1);
    RULE(found, "no memory");
    return found;
}

/* ---- what the host has of a module --------------------------------------------------------------------------------------- */

struct host_map {
    const struct map_entry *entry;
    struct bpfcc_map *map; /* of the runtime; arrays have values of their own */
    uint32_t id, linux_type;
    uint8_t *values;
};
struct program_type {
    char name[MOST_NAME + 1];
    uint32_t number, context_bytes;
    int data, end, packet;
};
static struct program_entry *programs;
static size_t program_count, map_count, section_count, initial_count;
static struct map_entry *entries;
static struct host_map *maps;
static struct section_info *sections;
static struct initial_values *initials;
static struct runtime_context *contexts;
static struct program_type types[256];
static size_t type_count;
static struct bpfcc_state *state;
static struct bpfcc_run *run;

/* While a program runs. */
static const struct program_entry *current;
static const struct program_type *current_type;
static uint8_t *current_context;

/* ---- rules ----------------------------------------------------------------------------------------------------------------- */

static void check_header(const struct header *header, const char *what, size_t size, size_t total)
{
    RULE(header->version == 1, "%s: version %u", what, header->version);
    RULE(header->size == size && header->total_size == total, "%s: %u and %u bytes", what, (unsigned)header->size, (unsigned)header->total_size);
}

static void check_name(const char *name, size_t most, const char *what)
{
    RULE(name && *name && strlen(name) <= most, "%s has no name, or a long one", what);
}

static void check_program(const struct program_entry *program)
{
    RULE(!program->zero, "a program does not begin with zeros");
    check_header(&program->header, "a program", 154, 160);
    check_name(program->name, MOST_NAME - 1, "a program");
    check_name(program->section, MOST_NAME - 1, "a section");
    check_name(program->pe_section, 8, "a section of the image");
    RULE(program->function, "%s: no function", program->name);
    RULE(!program->map_count == !program->map_indices, "%s: a count of maps and no maps", program->name);
    RULE(!program->helper_count == !program->helpers, "%s: a count of helpers and no helpers", program->name);
    RULE(!program->function_count == !program->functions, "%s: a count of functions and no functions", program->name);
    RULE(program->helper_count <= MOST_HELPERS, "%s: %u helpers", program->name, program->helper_count);
    RULE(program->type && program->attach_type, "%s: no type", program->name);
    RULE(!program->hash_bytes == !program->hash, "%s: a hash without bytes", program->name);
    RULE(!program->hash_bytes || (program->hash_type && !strcmp(program->hash_type, "SHA256") && program->hash_bytes == 32), "%s: hash", program->name);
    for (unsigned i = 0; i < program->map_count; i++)
        RULE(program->map_indices[i] < map_count, "%s: map %u", program->name, program->map_indices[i]);
    for (unsigned i = 0; i < program->helper_count; i++) {
        check_header(&program->helpers[i].header, "a helper", 40, 40);
        RULE(program->helpers[i].name, "%s: a helper without a name", program->name);
    }
    for (unsigned i = 0; i < program->function_count; i++) {
        check_header(&program->functions[i].header, "a function", 48, 48);
        check_name(program->functions[i].name, MOST_NAME - 1, "a function");
    }
}

static void check_tables(const struct table *table)
{
    struct version version = {0, 0, 0};
    const uint8_t *hash;
    size_t hash_bytes;
    RULE(table && table->size == sizeof *table, "no table, or one of another size");
    RULE(table->programs && table->maps && table->hash && table->version && table->initial_values && table->sections, "a callback is missing");
    /* All of them are addresses of functions. */
    for (size_t at = sizeof table->size; at < sizeof *table; at += sizeof(void *))
        kernel_calls(*(const void *const *)((const uint8_t *)table + at));
    table->version(&version);
    /* From here on the record of a map is of 40 bytes. */
    RULE(version.major > 1 || (version.major == 1 && version.minor >= 4), "version %u.%u", version.major, version.minor);
    table->hash(&hash, &hash_bytes);
    RULE(!hash == !hash_bytes, "a hash without bytes");
    table->maps(&entries, &map_count);
    table->programs(&programs, &program_count);
    table->initial_values(&initials, &initial_count);
    table->sections(&sections, &section_count);
    RULE(program_count && programs, "no programs");
    RULE(!map_count == !entries && !initial_count == !initials && !section_count == !sections, "a count without what is counted");
    for (size_t i = 0; i < map_count; i++) {
        RULE(!entries[i].zeros[0] && !entries[i].zeros[1], "a map does not begin with zeros");
        check_header(&entries[i].header, "a map", 80, 80);
        check_name(entries[i].name, MOST_NAME - 1, "a map");
        RULE(entries[i].definition.pinning <= 1, "%s: pinning", entries[i].name);
    }
    for (size_t i = 0; i < program_count; i++)
        check_program(&programs[i]);
    for (size_t i = 0; i < section_count; i++)
        check_header(&sections[i].header, "a section of global variables", 48, 48);
    for (size_t i = 0; i < initial_count; i++)
        check_header(&initials[i].header, "initial values", 48, 48);
}

/* ---- helpers --------------------------------------------------------------------------------------------------------------- */

static struct host_map *map_of(uint64_t handle)
{
    for (size_t i = 0; i < map_count; i++)
        if (BPFCC_MAP_HANDLE(maps[i].id) == handle)
            return &maps[i];
    broken("%s: a helper got %llx for a map", current->name, (unsigned long long)handle);
    return NULL;
}

static uint8_t *element(const struct host_map *map, uint32_t index)
{
    const struct definition *found = &map->entry->definition;
    return index < found->max_entries ? map->values + (size_t)index * found->value_size : NULL;
}

/* Arrays are the host's own. */
static uint64_t on_array(uint32_t id, const struct host_map *map, const void *key, const void *value, uint64_t flags)
{
    uint32_t index;
    uint8_t *found;
    memcpy(&index, key, sizeof index);
    found = element(map, index);
    if (id == 1)
        return (uint64_t)(uintptr_t)found;
    if (!found || (id == 2 && (uint32_t)flags == 1))
        return (uint64_t)-6; /* INVALID_ARGUMENT */
    if (id == 2)
        memcpy(found, value, map->entry->definition.value_size);
    else
        memset(found, 0, map->entry->definition.value_size);
    return 0;
}

/* Compilers leave anything in the upper half of a register that an int comes back in. */
static uint64_t as_returned(uint32_t id, uint64_t result)
{
    static const uint8_t narrow[] = {6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 25, 27, 28, 32};
    for (size_t i = 0; i < sizeof narrow; i++)
        if (narrow[i] == id)
            return (uint32_t)result | (result & 1 ? 0 : (uint64_t)0x5eed5eed << 32);
    return result;
}

static uint64_t call(uint32_t slot, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *context)
{
    uint32_t id = current->helpers[slot].id;
    bpfcc_helper found = bpfcc_helper_table_windows(current_type->number, id);
    RULE(context == current_context, "%s: helper %u got another context", current->name, id);
    if (id >= 1 && id <= 3 && map_of(r1)->values)
        return on_array(id, map_of(r1), (const void *)(uintptr_t)r2, (const void *)(uintptr_t)r3, r4);
    if (id == 35 || id >= 65536)
        return (uint64_t)-1; /* of extensions that are not there */
    RULE(found, "%s: helper %u is not here", current->name, id);
    return as_returned(id, found(r1, r2, r3, r4, r5, run));
}

/* Functions of other modules: those of one module that this host has, which does what it says. */
static const uint8_t own_module[16] = {0x83, 0x1f, 0x6c, 0x8f, 0x4c, 0xce, 0x58, 0x4b, 0x8b, 0x91, 0x65, 0x4a, 0x29, 0xe2, 0x3b, 0x7c};

static uint64_t own_lookup(uint64_t key, uint64_t value, uint64_t bytes, uint64_t r4, uint64_t r5, void *context)
{
    (void)r4, (void)r5;
    RULE(context == current_context, "%s: a function got another context", current->name);
    for (uint64_t at = 0; at < bytes; at++)
        ((uint8_t *)(uintptr_t)value)[at] = (uint8_t)(key + at);
    return key + bytes;
}
static uint64_t own_sum(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *context)
{
    RULE(context == current_context, "%s: a function got another context", current->name);
    return r1 + 10 * r2 + 100 * r3 + 1000 * r4 + 10000 * r5;
}
static const struct {
    const char *name;
    helper_function *address;
} own_functions[] = {{"sample_ebpf_extension_btf_lookup", own_lookup}, {"host_sum", own_sum}};

static helper_function *function_of(const struct function_entry *entry)
{
    RULE(!memcmp(entry->module, own_module, sizeof own_module), "%s: no such module", entry->name);
    for (size_t i = 0; i < sizeof own_functions / sizeof *own_functions; i++)
        if (!strcmp(own_functions[i].name, entry->name))
            return own_functions[i].address;
    broken("%s: no such function", entry->name);
    return NULL;
}

#define SLOT(n) \
    static uint64_t call_##n(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *context) { return call(n, r1, r2, r3, r4, r5, context); }
#define EIGHT(n) SLOT(n##0) SLOT(n##1) SLOT(n##2) SLOT(n##3) SLOT(n##4) SLOT(n##5) SLOT(n##6) SLOT(n##7)
#define NAMES(n) call_##n##0, call_##n##1, call_##n##2, call_##n##3, call_##n##4, call_##n##5, call_##n##6, call_##n##7
/* Octal: the numbers run on. */
EIGHT(0) EIGHT(01) EIGHT(02) EIGHT(03) EIGHT(04) EIGHT(05) EIGHT(06) EIGHT(07)
static helper_function *const slots[MOST_HELPERS] = {NAMES(0), NAMES(01), NAMES(02), NAMES(03), NAMES(04), NAMES(05), NAMES(06), NAMES(07)};

/* ---- maps ------------------------------------------------------------------------------------------------------------------ */

static const uint32_t linux_types[] = {0, 1, 2, 3, 5, 6, 13, 12, 9, 11, 22, 10, 23, 27, 4};

static void make_map(struct host_map *map, const struct map_entry *entry)
{
    const struct definition *found = &entry->definition;
    struct bpfcc_map_def def = {.key_size = found->key_size, .value_size = found->value_size, .max_entries = found->max_entries, .cpus = 1};
    int error;
    RULE(found->type && found->type < sizeof linux_types / sizeof *linux_types, "%s: type %u", entry->name, found->type);
    def.type = map->linux_type = linux_types[found->type];
    if (found->type == 14)
        def = (struct bpfcc_map_def){.type = 4, .key_size = 4, .value_size = 4, .max_entries = 1, .cpus = 1};
    if (found->type == 9)
        def.flags = 1; /* Linux wants BPF_F_NO_PREALLOC there */
    map->entry = entry;
    error = bpfcc_map_create(&def, &map->map);
    RULE(!error, "%s: cannot be made (%d)", entry->name, error);
    RULE(!bpfcc_state_add_map(state, map->map, 0, &map->id), "%s: cannot be added", entry->name);
    if (found->type == ARRAY)
        map->values = made(found->max_entries, found->value_size);
}

static struct host_map *map_named(const char *name)
{
    for (size_t i = 0; i < map_count; i++)
        if (!strcmp(maps[i].entry->name, name))
            return &maps[i];
    broken("no map %s", name);
    return NULL;
}

static void fill(const struct initial_values *initial)
{
    const struct host_map *map = map_named(initial->name);
    for (uint32_t i = 0; i < initial->count; i++) {
        uint32_t word = 0;
        if (!initial->values[i])
            continue;
        if (map->linux_type == 12 || map->linux_type == 13)
            word = map_named(initial->values[i])->id;
        for (uint32_t at = 0; at < program_count && map->linux_type == 3; at++)
            if (!strcmp(programs[at].name, initial->values[i]))
                word = at + 1;
        RULE(word, "%s names %s", initial->name, initial->values[i]);
        RULE(!bpfcc_map_write(map->map, &i, &word, 0), "%s: entry %u", initial->name, i);
    }
}

static void make_contexts(void)
{
    struct section_data *section_data = made(section_count, sizeof *section_data);
    for (size_t i = 0; i < section_count; i++) {
        struct host_map *map = map_named(sections[i].name);
        RULE(map->values && map->entry->definition.value_size == sections[i].size, "%s: of another size", sections[i].name);
        memcpy(map->values, sections[i].initial_data, sections[i].size);
        section_data[i] = (struct section_data){{1, 32, 32}, map->values};
    }
    contexts = made(program_count, sizeof *contexts);
    for (size_t i = 0; i < program_count; i++) {
        struct helper_data *helpers = made(programs[i].helper_count, sizeof *helpers);
        struct map_data *data = made(map_count, sizeof *data);
        struct function_data *functions = made(programs[i].function_count, sizeof *functions);
        for (uint32_t at = 0; at < programs[i].function_count; at++)
            functions[at] = (struct function_data){{1, 32, 32}, function_of(&programs[i].functions[at])};
        for (uint32_t at = 0; at < programs[i].helper_count; at++)
            helpers[at] = (struct helper_data){{1, 33, 40}, slots[at], programs[i].helpers[at].id == 5};
        for (uint32_t at = 0; at < programs[i].map_count; at++) {
            const struct host_map *map = &maps[programs[i].map_indices[at]];
            data[programs[i].map_indices[at]] = (struct map_data){{1, 40, 40}, BPFCC_MAP_HANDLE(map->id), map->values};
        }
        contexts[i] = (struct runtime_context){{1, 56, 56}, helpers, data, section_data, functions};
    }
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------ */

static uint8_t *from_hex(const char *text, uint32_t *size)
{
    uint8_t *found;
    *size = strcmp(text, "-") ? (uint32_t)(strlen(text) / 2) : 0;
    found = made(*size, 1);
    for (uint32_t i = 0; i < *size; i++) {
        unsigned byte;
        RULE(sscanf(text + (size_t)2 * i, "%2x", &byte) == 1, "no hex: %s", text);
        found[i] = (uint8_t)byte;
    }
    return found;
}

static void print_hex(const uint8_t *bytes, size_t size)
{
    putchar('"');
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    putchar('"');
}

static void put(const char *name, const char *key_hex, const char *value_hex)
{
    const struct host_map *map = map_named(name);
    uint32_t key_size, value_size, index;
    uint8_t *key = from_hex(key_hex, &key_size), *value = from_hex(value_hex, &value_size);
    RULE(key_size == map->entry->definition.key_size && value_size == bpfcc_map_value_bytes(map->map), "%s: an entry of another size", name);
    if (map->values) {
        memcpy(&index, key, sizeof index);
        RULE(element(map, index), "%s: no entry %u", name, index);
        memcpy(element(map, index), value, value_size);
    } else {
        RULE(!bpfcc_map_write(map->map, key, value, 0), "%s: an entry that cannot be", name);
    }
    free(key);
    free(value);
}

static size_t program_named(const char *name)
{
    for (size_t i = 0; i < program_count; i++)
        if (!strcmp(programs[i].name, name))
            return i;
    broken("no program %s", name);
    return 0;
}

static const struct program_type *type_named(const char *name)
{
    for (size_t i = 0; i < type_count; i++)
        if (!strcmp(types[i].name, name))
            return &types[i];
    broken("no type of %s", name);
    return NULL;
}

/* As the loader does: a program that a tail call chose runs when the one before it has returned. */
static uint64_t enter(size_t at)
{
    uint64_t result;
    for (;;) {
        current = &programs[at];
        run->tail_target = -1;
        kernel_calls((const void *)current->function);
        result = current->function(current_context, &contexts[at]);
        if (run->tail_target < 0)
            return result;
        at = (size_t)run->tail_target;
        RULE(at < program_count, "a tail call to program %u", (unsigned)at);
    }
}

static void put_pointer(uint8_t *context, int at, const void *pointer)
{
    uint64_t word = (uint64_t)(uintptr_t)pointer;
    if (at >= 0)
        memcpy(context + at, &word, sizeof word);
}

static void run_once(const char *name, const char *context_hex, const char *data_hex)
{
    uint32_t context_size, size;
    uint8_t *given = from_hex(context_hex, &context_size), *data = from_hex(data_hex, &size), *whole, *kept, *bytes = data;
    size_t at = program_named(name);
    uint64_t result;
    current_type = type_named(name);
    RULE(context_size <= current_type->context_bytes, "a context of %u bytes", context_size);
    whole = made(HEADER_BYTES + current_type->context_bytes, 1);
    memset(whole, GUARD, HEADER_BYTES);
    current_context = whole + HEADER_BYTES;
    memcpy(current_context, given, context_size);
    RULE(!bpfcc_run_set_context(run, current_context, current_type->context_bytes, NULL, NULL), "no memory");
    if (current_type->packet) {
        RULE(!bpfcc_run_set_packet(run, data, size), "no memory");
        bytes = run->packet + run->packet_data;
    }
    put_pointer(current_context, current_type->data, bytes);
    put_pointer(current_context, current_type->end, bytes + size);
    kept = run->context;
    run->context = current_context;
    /* Some helpers ask whether there is a packet. */
    run->layout.data = current_type->packet ? current_type->data : -1;
    RULE(!bpfcc_run_begin(run, UINT64_C(1) << 40), "the run does not begin");
    result = enter(at);
    bpfcc_run_end(run);
    RULE(!run->trap, "%s: a helper stopped it (%u)", name, run->trap);
    for (size_t i = 0; i < HEADER_BYTES; i++)
        RULE(whole[i] == GUARD, "%s wrote before its context", name);
    put_pointer(current_context, current_type->data, NULL);
    put_pointer(current_context, current_type->end, NULL);
    /* The hook takes the low half. */
    printf("{\"value\": %u, \"context\": ", (unsigned)(uint32_t)result);
    print_hex(current_context, current_type->context_bytes);
    printf(", \"data\": ");
    print_hex(bytes, size);
    putchar('}');
    run->context = kept;
    free(given);
    free(data);
    free(whole);
}

/* ---- what is left behind ---------------------------------------------------------------------------------------------------- */

static void print_pair(const uint8_t *key, size_t key_size, const uint8_t *value, size_t value_size, int first)
{
    printf("%s[", first ? "" : ", ");
    print_hex(key, key_size);
    printf(", ");
    print_hex(value, value_size);
    putchar(']');
}

static void print_map(const struct host_map *map)
{
    const struct definition *found = &map->entry->definition;
    uint8_t *key = made(found->key_size, 1), *value = made(bpfcc_map_value_bytes(map->map), 1);
    uint64_t cursor = 0;
    int first = 1;
    if (map->values) {
        for (uint32_t i = 0; i < found->max_entries; i++, first = 0)
            print_pair((const uint8_t *)&i, sizeof i, element(map, i), found->value_size, first);
    } else if (map->linux_type == 27) {
        static uint8_t records[1 << 22];
        int64_t bytes = bpfcc_ring_read(map->map, records, sizeof records, &cursor);
        for (int64_t at = 0; at < bytes; first = 0) {
            uint32_t length;
            memcpy(&length, records + at, sizeof length);
            print_pair(NULL, 0, records + at + 4, length, first);
            at += (4 + length + 7) / 8 * 8;
        }
    } else if (map->linux_type == 22 || map->linux_type == 23) {
        for (; !bpfcc_map_pop(map->map, value); first = 0)
            print_pair(NULL, 0, value, found->value_size, first);
    } else if (map->linux_type != 3 && map->linux_type != 4 && map->linux_type != 12 && map->linux_type != 13) {
        while (bpfcc_map_batch(map->map, &cursor, key, value, 1) == 1) {
            print_pair(key, found->key_size, value, bpfcc_map_value_bytes(map->map), first);
            first = 0;
        }
    }
    free(key);
    free(value);
}

static void print_maps(void)
{
    for (size_t i = 0; i < map_count; i++) {
        printf("%s\"%s\": [", i ? ", " : "", maps[i].entry->name);
        print_map(&maps[i]);
        putchar(']');
    }
}

static void print_lines(void)
{
    uint64_t size = bpfcc_state_take_log(state, NULL, 0);
    uint8_t *records = made(size, 1);
    int first = 1;
    size = bpfcc_state_take_log(state, records, size);
    for (uint64_t at = 0; at < size; first = 0) {
        struct bpfcc_log_record record;
        memcpy(&record, records + at, sizeof record);
        printf("%s", first ? "" : ", ");
        print_hex(records + at + sizeof record, record.length);
        at += sizeof record + (record.length + 7) / 8 * 8;
    }
    free(records);
}

/* ---- commands --------------------------------------------------------------------------------------------------------------- */

static void obey(FILE *commands)
{
    char *line = made(LINE_BYTES, 1), *name = made(LINE_BYTES, 1), *context = made(LINE_BYTES, 1), *data = made(LINE_BYTES, 1);
    int first = 1;
    while (fgets(line, LINE_BYTES, commands)) {
        struct program_type *type = &types[type_count];
        if (sscanf(line, "type %64s %u %u %d %d %d", type->name, &type->number, &type->context_bytes, &type->data, &type->end, &type->packet) == 6) {
            type_count++;
            RULE(type_count < sizeof types / sizeof *types, "too many types");
        } else if (sscanf(line, "put %s %s %s", name, context, data) == 3) {
            put(name, context, data);
        } else if (sscanf(line, "run %s %s %s", name, context, data) == 3) {
            printf("%s", first ? "" : ",\n");
            first = 0;
            run_once(name, context, data);
        } else {
            broken("no command: %s", line);
        }
    }
}

static const struct table *table_of_library(const char *path)
{
#ifdef _WIN32
    HMODULE library = LoadLibraryA(path);
    struct table *(*get)(void);
    RULE(library, "%s does not load (error %u)", path, (unsigned)GetLastError());
    get = (struct table * (*)(void))(void (*)(void))GetProcAddress(library, "get_metadata_table");
    RULE(get, "no get_metadata_table");
    return get();
#else
    broken("%s: libraries of Windows load there", path);
    return NULL;
#endif
}

int main(int count, char **words)
{
    FILE *commands = count == 3 || count == 4 ? fopen(words[2], "r") : NULL;
    RULE(commands, "usage: host MODULE COMMANDS [FAULT]");
    check_tables(strstr(words[1], ".sys") ? kernel_load(words[1], count == 4 ? words[3] : "") : table_of_library(words[1]));
    state = bpfcc_state_create();
    run = state ? bpfcc_run_create(state, 0, 0) : NULL;
    RULE(run, "no memory");
    bpfcc_state_set_cpus(state, 1);
    bpfcc_state_set_seed(state, 0);
    bpfcc_state_set_clock(state, BPFCC_CLOCK_DRIVEN, UINT64_C(1000000000));
    bpfcc_state_set_log_limit(state, 1 << 24);
    bpfcc_state_set_task(state, &(const struct bpfcc_task){.pid_tgid = UINT64_C(1) << 32 | 1});
    bpfcc_run_outcome(run)->platform = 1;
    maps = made(map_count, sizeof *maps);
    for (size_t i = 0; i < map_count; i++)
        make_map(&maps[i], &entries[i]);
    for (size_t i = 0; i < initial_count; i++)
        fill(&initials[i]);
    make_contexts();
    printf("{\"results\": [");
    obey(commands);
    printf("],\n\"maps\": {");
    print_maps();
    printf("},\n\"lines\": [");
    print_lines();
    printf("]}\n");
    kernel_unload();
    return 0;
}
