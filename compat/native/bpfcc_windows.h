/* What a native image and the loader of eBPF for Windows agree on. C99, nothing but the standard headers.
 *
 *   bpfcc build filter.bpf.c --target windows --emit c        filter.native.c, with this text in it
 *   -DBPFCC_BPF2C_H                                           takes Microsoft's bpf2c.h (on the include path) in its place
 *   -DBPFCC_DLL                                               a library that exports get_metadata_table
 *   -DBPFCC_DRIVER                                            a driver, which hands the table to ebpfcore
 *
 * Types and members have the names of bpf2c.h, and sizes and places that are compared below, whichever of the two is taken.
 */
#if defined(BPFCC_BPF2C_H)
#include "bpf2c.h"
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2, Data3;
    uint8_t Data4[8];
} GUID;

/* Begins every structure: its version, the bytes up to its last member, and the bytes from one to the next. */
typedef struct _ebpf_native_module_header {
    uint16_t version;
    size_t size, total_size;
} ebpf_native_module_header_t;

typedef uint64_t (*helper_function_t)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *context);

typedef struct _ebpf_map_definition_in_file {
    uint32_t type, key_size, value_size, max_entries;
    uint32_t inner_map_idx;  /* of maps of maps: which map says what they hold, or 0 */
    uint32_t pinning;        /* 1: by name */
    uint32_t id, inner_id;   /* of maps of maps: `id` of the map that says what they hold */
} ebpf_map_definition_in_file_t;

typedef struct _helper_function_entry {
    ebpf_native_module_header_t header;
    uint32_t helper_id;
    const char *name;
} helper_function_entry_t;
typedef struct _helper_function_data {
    ebpf_native_module_header_t header;
    helper_function_t address;
    bool tail_call;
} helper_function_data_t;
typedef struct _btf_resolved_function_entry {
    ebpf_native_module_header_t header;
    const char *name;
    GUID module_guid;
} btf_resolved_function_entry_t;
typedef struct _btf_resolved_function_data {
    ebpf_native_module_header_t header;
    helper_function_t address;
} btf_resolved_function_data_t;
typedef struct _map_entry {
    uint64_t zero_marker[2]; /* what scanners look for */
    ebpf_native_module_header_t header;
    ebpf_map_definition_in_file_t definition;
    const char *name;
} map_entry_t;
typedef struct _map_data {
    ebpf_native_module_header_t header;
    uintptr_t address;       /* what helpers take for the map */
    uint8_t *array_data;     /* of arrays: the value at index 0 */
} map_data_t;
typedef struct _map_initial_values {
    ebpf_native_module_header_t header;
    const char *name;
    size_t count;
    const char **values;     /* names of programs or maps; NULL = none */
} map_initial_values_t;
typedef struct _global_variable_section_info {
    ebpf_native_module_header_t header;
    const char *name;
    size_t size;
    const void *initial_data;
} global_variable_section_info_t;
typedef struct _global_variable_section_data {
    ebpf_native_module_header_t header;
    unsigned char *address_of_map_value;
} global_variable_section_data_t;
typedef struct _program_runtime_context {
    ebpf_native_module_header_t header;
    helper_function_data_t *helper_data;
    map_data_t *map_data;
    global_variable_section_data_t *global_variable_section_data;
    btf_resolved_function_data_t *btf_resolved_function_data;
} program_runtime_context_t;
typedef struct _program_entry {
    uint64_t zero;           /* what scanners look for */
    ebpf_native_module_header_t header;
    uint64_t (*function)(void *context, const program_runtime_context_t *runtime_context);
    const char *pe_section_name, *section_name, *program_name;
    uint16_t *referenced_map_indices;
    uint16_t referenced_map_count;
    helper_function_entry_t *helpers;
    uint16_t helper_count;
    size_t bpf_instruction_count;
    GUID *program_type, *expected_attach_type;
    const uint8_t *program_info_hash;
    size_t program_info_hash_length;
    const char *program_info_hash_type;
    btf_resolved_function_entry_t *btf_resolved_functions;
    uint16_t btf_resolved_function_count;
} program_entry_t;
typedef struct _bpf2c_version {
    uint32_t major, minor, revision;
} bpf2c_version_t;
typedef struct _metadata_table {
    size_t size;
    void (*programs)(program_entry_t **programs, size_t *count);
    void (*maps)(map_entry_t **maps, size_t *count);
    void (*hash)(const uint8_t **hash, size_t *size);
    void (*version)(bpf2c_version_t *version);
    void (*map_initial_values)(map_initial_values_t **map_initial_values, size_t *count);
    void (*global_variable_sections)(global_variable_section_info_t **global_variable_sections, size_t *count);
} metadata_table_t;
#endif

#if !defined(__GNUC__) && !defined(__clang__)
#error "compile with clang or gcc: atomic operations and unaligned accesses are theirs"
#endif
#define BPFCC_INLINE static inline __attribute__((unused, always_inline))
/* Code and data that tools find by the name of their section; nothing there is left out. */
#if defined(__clang__)
#define BPFCC_CODE(name) __attribute__((section(name)))
#else
/* gcc passes the name on as it is, and the assembler takes signs in it only between quotes. */
#define BPFCC_CODE(name) __attribute__((section("\"" name "\"")))
#endif
#define BPFCC_DATA(name) __attribute__((section(name), used, aligned(16)))

/* ---- sizes and places, as the loader has them ------------------------------------------------------------------------- */

#define BPFCC_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has another size")
#define BPFCC_PLACE(type, member, at) _Static_assert(offsetof(type, member) == (at), #type "." #member " is elsewhere")
BPFCC_SIZE(GUID, 16);
BPFCC_PLACE(GUID, Data1, 0);
BPFCC_PLACE(GUID, Data2, 4);
BPFCC_PLACE(GUID, Data3, 6);
BPFCC_PLACE(GUID, Data4, 8);
BPFCC_SIZE(ebpf_native_module_header_t, 24);
BPFCC_PLACE(ebpf_native_module_header_t, version, 0);
BPFCC_PLACE(ebpf_native_module_header_t, size, 8);
BPFCC_PLACE(ebpf_native_module_header_t, total_size, 16);
BPFCC_SIZE(ebpf_map_definition_in_file_t, 32);
BPFCC_PLACE(ebpf_map_definition_in_file_t, type, 0);
BPFCC_PLACE(ebpf_map_definition_in_file_t, key_size, 4);
BPFCC_PLACE(ebpf_map_definition_in_file_t, value_size, 8);
BPFCC_PLACE(ebpf_map_definition_in_file_t, max_entries, 12);
BPFCC_PLACE(ebpf_map_definition_in_file_t, inner_map_idx, 16);
BPFCC_PLACE(ebpf_map_definition_in_file_t, pinning, 20);
BPFCC_PLACE(ebpf_map_definition_in_file_t, id, 24);
BPFCC_PLACE(ebpf_map_definition_in_file_t, inner_id, 28);
BPFCC_SIZE(helper_function_entry_t, 40);
BPFCC_PLACE(helper_function_entry_t, header, 0);
BPFCC_PLACE(helper_function_entry_t, helper_id, 24);
BPFCC_PLACE(helper_function_entry_t, name, 32);
BPFCC_SIZE(helper_function_data_t, 40);
BPFCC_PLACE(helper_function_data_t, header, 0);
BPFCC_PLACE(helper_function_data_t, address, 24);
BPFCC_PLACE(helper_function_data_t, tail_call, 32);
BPFCC_SIZE(btf_resolved_function_entry_t, 48);
BPFCC_PLACE(btf_resolved_function_entry_t, header, 0);
BPFCC_PLACE(btf_resolved_function_entry_t, name, 24);
BPFCC_PLACE(btf_resolved_function_entry_t, module_guid, 32);
BPFCC_SIZE(btf_resolved_function_data_t, 32);
BPFCC_PLACE(btf_resolved_function_data_t, header, 0);
BPFCC_PLACE(btf_resolved_function_data_t, address, 24);
BPFCC_SIZE(map_entry_t, 80);
BPFCC_PLACE(map_entry_t, zero_marker, 0);
BPFCC_PLACE(map_entry_t, header, 16);
BPFCC_PLACE(map_entry_t, definition, 40);
BPFCC_PLACE(map_entry_t, name, 72);
BPFCC_SIZE(map_data_t, 40);
BPFCC_PLACE(map_data_t, header, 0);
BPFCC_PLACE(map_data_t, address, 24);
BPFCC_PLACE(map_data_t, array_data, 32);
BPFCC_SIZE(map_initial_values_t, 48);
BPFCC_PLACE(map_initial_values_t, header, 0);
BPFCC_PLACE(map_initial_values_t, name, 24);
BPFCC_PLACE(map_initial_values_t, count, 32);
BPFCC_PLACE(map_initial_values_t, values, 40);
BPFCC_SIZE(global_variable_section_info_t, 48);
BPFCC_PLACE(global_variable_section_info_t, header, 0);
BPFCC_PLACE(global_variable_section_info_t, name, 24);
BPFCC_PLACE(global_variable_section_info_t, size, 32);
BPFCC_PLACE(global_variable_section_info_t, initial_data, 40);
BPFCC_SIZE(global_variable_section_data_t, 32);
BPFCC_PLACE(global_variable_section_data_t, header, 0);
BPFCC_PLACE(global_variable_section_data_t, address_of_map_value, 24);
BPFCC_SIZE(program_runtime_context_t, 56);
BPFCC_PLACE(program_runtime_context_t, header, 0);
BPFCC_PLACE(program_runtime_context_t, helper_data, 24);
BPFCC_PLACE(program_runtime_context_t, map_data, 32);
BPFCC_PLACE(program_runtime_context_t, global_variable_section_data, 40);
BPFCC_PLACE(program_runtime_context_t, btf_resolved_function_data, 48);
BPFCC_SIZE(program_entry_t, 160);
BPFCC_PLACE(program_entry_t, zero, 0);
BPFCC_PLACE(program_entry_t, header, 8);
BPFCC_PLACE(program_entry_t, function, 32);
BPFCC_PLACE(program_entry_t, pe_section_name, 40);
BPFCC_PLACE(program_entry_t, section_name, 48);
BPFCC_PLACE(program_entry_t, program_name, 56);
BPFCC_PLACE(program_entry_t, referenced_map_indices, 64);
BPFCC_PLACE(program_entry_t, referenced_map_count, 72);
BPFCC_PLACE(program_entry_t, helpers, 80);
BPFCC_PLACE(program_entry_t, helper_count, 88);
BPFCC_PLACE(program_entry_t, bpf_instruction_count, 96);
BPFCC_PLACE(program_entry_t, program_type, 104);
BPFCC_PLACE(program_entry_t, expected_attach_type, 112);
BPFCC_PLACE(program_entry_t, program_info_hash, 120);
BPFCC_PLACE(program_entry_t, program_info_hash_length, 128);
BPFCC_PLACE(program_entry_t, program_info_hash_type, 136);
BPFCC_PLACE(program_entry_t, btf_resolved_functions, 144);
BPFCC_PLACE(program_entry_t, btf_resolved_function_count, 152);
BPFCC_SIZE(bpf2c_version_t, 12);
BPFCC_PLACE(bpf2c_version_t, major, 0);
BPFCC_PLACE(bpf2c_version_t, minor, 4);
BPFCC_PLACE(bpf2c_version_t, revision, 8);
BPFCC_SIZE(metadata_table_t, 56);
BPFCC_PLACE(metadata_table_t, size, 0);
BPFCC_PLACE(metadata_table_t, programs, 8);
BPFCC_PLACE(metadata_table_t, maps, 16);
BPFCC_PLACE(metadata_table_t, hash, 24);
BPFCC_PLACE(metadata_table_t, version, 32);
BPFCC_PLACE(metadata_table_t, map_initial_values, 40);
BPFCC_PLACE(metadata_table_t, global_variable_sections, 48);
