/* The host of `bpfcc build --emit exe`: reads a capture, runs an emitted program on each packet, and says what it did.
 *
 *   capture.c   pcap and pcapng, in and out             show.c      bytes as people read them, by the shapes of the descriptor
 *   maps.c      maps, the table, tail calls             text.c      the report as text
 *   session.c   contexts, runs, counts                  json.c      the same as one JSON document
 *   main.c      options
 *
 * It is compiled with the emitted file, which exports `bpfcc_object`, and with bpfcc's runtime.
 */
#ifndef BPFCC_HOST_H
#define BPFCC_HOST_H

#include <stdbool.h>
#include <stdio.h>

#include "../../../runtime/native/state.h"
#include "../bpfcc_program.h"

extern const struct bpfcc_object_info bpfcc_object;

enum { STATUS_OK = 0, STATUS_TRAPPED = 1, STATUS_INPUT = 2, STATUS_UNSUPPORTED = 3 };
enum { HOST_CPUS = 1, HOST_IFINDEX = 1, LINK_BYTES = 14 };
enum { NO_SPACE = -BPFCC_ENOSPC };

/* ---- main.c ------------------------------------------------------------------------------------------------------------- */

/* Says on standard error what is wrong, and ends the process with that status. */
_Noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As realloc, for `count` elements; never NULL. */
void *grown(void *old, size_t count, size_t element);

struct options {
    const char *program, *capture, *capture_out, *data_file, *hex;
    uint64_t repeat, limit; /* limit 0: everything */
    bool maps, quiet, json, each;
};

/* ---- capture.c ---------------------------------------------------------------------------------------------------------- */

struct packet {
    const uint8_t *bytes;
    uint32_t length;
    uint64_t time_ns; /* since 1970 */
};
struct capture {
    const char *name;
    uint8_t *file;
    size_t file_size;
    bool is_pcapng;
    uint32_t link_type;
    struct packet *packets;
    size_t count;
};

/* Reads all of it; `fail`s where it is not whole. */
void capture_read(struct capture *capture, const char *name);
void capture_free(struct capture *capture);
uint8_t *file_read(const char *name, size_t most, size_t *size);

/* Written beside the file that it is to be, which appears when all is done. */
struct writer {
    FILE *stream;
    const char *name;
    char *temporary;
    bool is_pcapng;
    uint64_t count;
};
void writer_open(struct writer *writer, const char *name, const struct capture *like);
void writer_add(struct writer *writer, const uint8_t *bytes, uint32_t length, uint64_t time_ns);
void writer_close(struct writer *writer);

/* ---- maps.c ------------------------------------------------------------------------------------------------------------- */

struct host_map {
    const struct bpfcc_map_info *info;
    struct bpfcc_map *map;
    uint32_t id;
};
/* Everything that the programs of the file share. A table for each: so the one that trapped is known by its table. */
struct host {
    struct bpfcc_state *state;
    struct host_map *maps;
    struct bpfcc_target *targets;
    uint64_t **tables;
};
void host_open(struct host *host);
void host_close(struct host *host);
const char *map_type_name(uint32_t type);
bool map_is_per_cpu(uint32_t type);

/* ---- session.c ---------------------------------------------------------------------------------------------------------- */

enum { MOST_TRAPS_LOCATED = 100, MOST_TRAPS_SHOWN = 5, MOST_RECORDS = 10000 };

struct verdict_row {
    uint64_t value, runs, bytes;
    size_t place; /* in the order in which they came first */
};
struct redirect_row {
    struct bpfcc_redirect target;
    uint64_t runs;
};
struct trap_row {
    uint32_t kind;
    char message[256];
    const char *function; /* NULL = not known */
    uint32_t insn;
    bool has_insn, has_packet;
    uint64_t packet, count;
};
struct blob {
    uint8_t *bytes;
    uint32_t length;
    uint32_t map, cpu; /* of events: the map's index */
    uint64_t time_ns;  /* of lines and clones */
};
struct blobs {
    struct blob *list;
    size_t kept;
    uint64_t count;
};

struct session {
    struct host *host;
    const struct options *options;
    const struct bpfcc_program_info *program;
    struct bpfcc_run *run;
    struct bpfcc_bound bound;
    uint8_t *context, *memory;
    uint32_t context_bytes, memory_bytes;
    uint8_t *event_buffer;
    uint64_t event_room;

    bool on_packets; /* of a capture */
    uint64_t runs, skipped, bytes, steps, total_ns;
    struct verdict_row *verdicts;
    size_t verdict_count, verdict_room;
    struct redirect_row *redirects;
    size_t redirect_count;
    uint64_t trap_count, located;
    struct trap_row traps[MOST_TRAPS_SHOWN];
    size_t trap_rows;
    struct blobs lines, clones, events;
    bool has_result;
    uint64_t result;
};

void session_open(struct session *session, struct host *host, const struct bpfcc_program_info *program, const struct options *options);
void session_run_capture(struct session *session, const struct capture *capture, struct writer *writer);
void session_run_once(struct session *session, const uint8_t *data, size_t size);
void session_close(struct session *session);
bool takes_packets(const struct bpfcc_program_info *program);
bool is_raw(const struct bpfcc_program_info *program);
/* Instructions that a run executes at most; 0 = not known. What tail calls enter has bounds of its own. */
uint32_t most_instructions(const struct bpfcc_program_info *program);

/* What a result is called, and what becomes of the packet; `room` holds a name that has a number in it. */
const char *verdict_name(const struct bpfcc_program_info *program, uint64_t value, char room[64]);
uint32_t verdict_disposition(const struct bpfcc_program_info *program, uint64_t value);
const char *trap_kind(uint32_t kind);
/* Results with their counts, those of most runs first; as many as `verdict_count`, to be freed. */
struct verdict_row *verdicts_by_runs(const struct session *session);

/* ---- show.c ------------------------------------------------------------------------------------------------------------- */

/* Text that grows. */
struct text {
    char *bytes;
    size_t length, room;
};
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_byte(struct text *text, char byte);
void text_hex(struct text *text, const uint8_t *bytes, size_t count);
void text_free(struct text *text);
/* 1234567 as 1,234,567. */
const char *with_commas(uint64_t value, char room[32]);

/* The shape of bytes about which nothing is known but their number. */
struct bpfcc_shape plain_shape(uint32_t size);
/* As `map_info` has it, or the plain one in `room`; never one of another size. */
const struct bpfcc_shape *shape_of(const struct bpfcc_shape *known, uint32_t size, struct bpfcc_shape *room);
void show_value(struct text *out, const struct bpfcc_shape *shape, const uint8_t *bytes, bool json);
bool shows_number(const struct bpfcc_shape *shape);
bool shows_nothing(const struct bpfcc_shape *shape, const uint8_t *bytes);
/* The first number in it. */
uint64_t first_number(const struct bpfcc_shape *shape, const uint8_t *bytes);
void json_string(struct text *out, const char *bytes, size_t length);

/* The entries of a map in an order that does not depend on how they came in. */
struct entries {
    uint8_t *keys, *values;
    uint32_t key_bytes, value_bytes;
    size_t *order;
    size_t count;
    bool shown; /* its kind has entries to show */
    bool keyed;
};
enum { MOST_ENTRIES = 100000 };
void entries_read(struct entries *entries, const struct host_map *map);
void entries_free(struct entries *entries);

/* ---- text.c, json.c ----------------------------------------------------------------------------------------------------- */

void report_text(struct session *session);
void report_json(struct session *session);

#endif
