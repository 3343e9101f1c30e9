/* The report as one JSON document: schema bpfcc.run/1, as `bpfcc run --json` prints it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static const char *const dispositions[] = {"pass", "drop", "transmit", "redirect", "abort", "none"};
static const char *const redirect_kinds[] = {"none", "device", "map", "peer", "neighbour"};

static void add_string(struct text *out, const char *string)
{
    json_string(out, string, strlen(string));
}

static void add_hex(struct text *out, const uint8_t *bytes, size_t count)
{
    text_byte(out, '"');
    text_hex(out, bytes, count);
    text_byte(out, '"');
}

static void name(struct text *out, const char *key)
{
    if (out->length && !strchr("{[", out->bytes[out->length - 1]))
        text_add(out, ", ");
    add_string(out, key);
    text_add(out, ": ");
}

static void number(struct text *out, const char *key, uint64_t value)
{
    name(out, key);
    text_add(out, "%" PRIu64, value);
}

static void string(struct text *out, const char *key, const char *value)
{
    name(out, key);
    add_string(out, value);
}

static void nothing(struct text *out, const char *key)
{
    name(out, key);
    text_add(out, "null");
}

static void boolean(struct text *out, const char *key, bool value)
{
    name(out, key);
    text_add(out, value ? "true" : "false");
}

static void begin(struct text *out, const char *key, char bracket)
{
    if (key)
        name(out, key);
    else if (out->length && !strchr("{[", out->bytes[out->length - 1]))
        text_add(out, ", ");
    text_byte(out, bracket);
}

static void add_verdicts(struct text *out, const struct session *session)
{
    struct verdict_row *rows = verdicts_by_runs(session);
    char room[64];
    begin(out, "verdicts", '[');
    for (size_t i = 0; i < session->verdict_count; i++) {
        begin(out, NULL, '{');
        number(out, "value", rows[i].value);
        string(out, "name", verdict_name(session->program, rows[i].value, room));
        string(out, "disposition", dispositions[verdict_disposition(session->program, rows[i].value)]);
        number(out, "runs", rows[i].runs);
        number(out, "bytes", rows[i].bytes);
        text_byte(out, '}');
    }
    text_byte(out, ']');
    free(rows);
}

static void add_result(struct text *out, const struct session *session)
{
    const struct bpfcc_run *run = session->run;
    if (!session->has_result) {
        nothing(out, "result");
        return;
    }
    begin(out, "result", '{');
    number(out, "value", session->result);
    name(out, "packet");
    if (takes_packets(session->program))
        add_hex(out, run->packet + run->packet_data, run->packet_end - run->packet_data);
    else
        text_add(out, "null");
    name(out, "data");
    if (is_raw(session->program))
        add_hex(out, session->memory, session->memory_bytes);
    else
        text_add(out, "null");
    text_byte(out, '}');
}

static void add_redirects(struct text *out, const struct session *session)
{
    begin(out, "redirects", '[');
    for (size_t i = 0; i < session->redirect_count; i++) {
        const struct bpfcc_redirect *target = &session->redirects[i].target;
        const char *map = NULL;
        for (uint32_t at = 0; at < bpfcc_object.map_count && target->kind == BPFCC_REDIRECT_MAP; at++)
            if (session->host->maps[at].id == target->map_id)
                map = bpfcc_object.maps[at].name;
        begin(out, NULL, '{');
        string(out, "kind", redirect_kinds[target->kind < 5 ? target->kind : 0]);
        number(out, "ifindex", target->ifindex);
        if (map)
            string(out, "map", map);
        else
            nothing(out, "map");
        number(out, "key", target->key);
        number(out, "runs", session->redirects[i].runs);
        text_byte(out, '}');
    }
    text_byte(out, ']');
}

static void add_traps(struct text *out, const struct session *session)
{
    begin(out, "traps", '{');
    number(out, "count", session->trap_count);
    begin(out, "shown", '[');
    for (size_t i = 0; i < session->trap_rows; i++) {
        const struct trap_row *row = &session->traps[i];
        begin(out, NULL, '{');
        string(out, "kind", trap_kind(row->kind));
        string(out, "message", row->message);
        if (row->function)
            string(out, "function", row->function);
        else
            nothing(out, "function");
        if (row->has_insn)
            number(out, "insn", row->insn);
        else
            nothing(out, "insn");
        nothing(out, "source");
        if (row->has_packet)
            number(out, "packet", row->packet);
        else
            nothing(out, "packet");
        number(out, "count", row->count);
        text_byte(out, '}');
    }
    text_add(out, "]}");
}

static void add_entries(struct text *out, const struct host_map *map, const struct entries *entries)
{
    const struct bpfcc_map_info *info = map->info;
    struct bpfcc_shape key_room, value_room;
    const struct bpfcc_shape *key = shape_of(info->key_shape, entries->key_bytes, &key_room);
    const struct bpfcc_shape *value = shape_of(info->value_shape, info->value_size, &value_room);
    bool per_cpu = map_is_per_cpu(info->type);
    begin(out, "entries", '[');
    for (size_t i = 0; i < entries->count; i++) {
        size_t at = entries->order[i];
        begin(out, NULL, '{');
        name(out, "key");
        if (entries->keyed)
            show_value(out, key, entries->keys + at * entries->key_bytes, true);
        else
            text_add(out, "null");
        name(out, "value");
        if (per_cpu)
            text_byte(out, '[');
        show_value(out, value, entries->values + at * entries->value_bytes, true);
        if (per_cpu)
            text_byte(out, ']');
        text_byte(out, '}');
    }
    text_byte(out, ']');
}

static void add_maps(struct text *out, const struct session *session)
{
    begin(out, "maps", '[');
    for (uint32_t i = 0; i < bpfcc_object.map_count; i++) {
        const struct host_map *map = &session->host->maps[i];
        struct entries entries;
        entries_read(&entries, map);
        begin(out, NULL, '{');
        string(out, "name", map->info->name);
        string(out, "type", map_type_name(map->info->type));
        number(out, "key_size", map->info->key_size);
        number(out, "value_size", map->info->value_size);
        number(out, "max_entries", bpfcc_map_definition(map->map)->max_entries);
        boolean(out, "data", map->info->is_data);
        if (entries.shown) {
            number(out, "count", bpfcc_map_count(map->map));
            add_entries(out, map, &entries);
        } else {
            nothing(out, "count");
            nothing(out, "entries");
        }
        text_byte(out, '}');
        entries_free(&entries);
    }
    text_byte(out, ']');
}

static void add_events(struct text *out, const struct session *session)
{
    begin(out, "events", '{');
    number(out, "count", session->events.count);
    begin(out, "records", '[');
    for (size_t i = 0; i < session->events.kept; i++) {
        const struct blob *event = &session->events.list[i];
        const struct bpfcc_map_info *info = &bpfcc_object.maps[event->map];
        struct bpfcc_shape room = plain_shape(event->length);
        const struct bpfcc_shape *shape = info->record_shape;
        begin(out, NULL, '{');
        string(out, "map", info->name);
        if (!strcmp(map_type_name(info->type), "ringbuf"))
            nothing(out, "cpu");
        else
            number(out, "cpu", event->cpu);
        name(out, "record");
        if (shape)
            show_value(out, event->length >= shape->size ? shape : &room, event->bytes, true);
        else
            text_add(out, "null");
        name(out, "bytes");
        add_hex(out, event->bytes, event->length);
        text_byte(out, '}');
    }
    text_add(out, "]}");
}

static void add_trace(struct text *out, const struct session *session)
{
    begin(out, "trace", '{');
    number(out, "count", session->lines.count);
    number(out, "dropped", bpfcc_state_log_dropped(session->host->state));
    begin(out, "lines", '[');
    for (size_t i = 0; i < session->lines.kept; i++) {
        const struct blob *line = &session->lines.list[i];
        begin(out, NULL, '{');
        name(out, "text");
        json_string(out, (const char *)line->bytes, line->length);
        number(out, "time_ns", line->time_ns);
        number(out, "cpu", line->cpu);
        text_byte(out, '}');
    }
    text_add(out, "]}");
    begin(out, "clones", '[');
    for (size_t i = 0; i < session->clones.kept; i++) {
        begin(out, NULL, '{');
        number(out, "ifindex", session->clones.list[i].map);
        name(out, "packet");
        add_hex(out, session->clones.list[i].bytes, session->clones.list[i].length);
        text_byte(out, '}');
    }
    text_byte(out, ']');
}

static void add_program(struct text *out, const struct session *session)
{
    const struct bpfcc_program_info *program = session->program;
    bool checked = bpfcc_object.checked != 0;
    begin(out, NULL, '{');
    string(out, "name", program->name);
    string(out, "section", program->section);
    string(out, "type", program->type);
    number(out, "instructions", program->instructions);
    number(out, "runs", session->runs);
    if (session->on_packets)
        number(out, "packets", session->runs);
    else
        nothing(out, "packets");
    number(out, "skipped", session->skipped);
    number(out, "bytes", session->bytes);
    add_verdicts(out, session);
    add_result(out, session);
    add_redirects(out, session);
    boolean(out, "checked", checked);
    if (most_instructions(program))
        number(out, "max_path_insns", most_instructions(program));
    else
        nothing(out, "max_path_insns");
    if (checked)
        number(out, "steps", session->steps);
    else
        nothing(out, "steps");
    number(out, "total_ns", session->total_ns);
    name(out, "ns_per_run");
    if (session->runs && session->total_ns && !session->trap_count)
        text_add(out, "%.3f", (double)session->total_ns / (double)session->runs);
    else
        text_add(out, "null");
    add_traps(out, session);
    add_maps(out, session);
    add_events(out, session);
    add_trace(out, session);
    nothing(out, "error");
    text_byte(out, '}');
}

void report_json(struct session *session)
{
    struct text out = {0};
    begin(&out, NULL, '{');
    string(&out, "schema", "bpfcc.run/1");
    string(&out, "source", bpfcc_object.made_from);
    string(&out, "backend", "aot");
    string(&out, "platform", "linux");
    boolean(&out, "checked", bpfcc_object.checked != 0);
    begin(&out, "programs", '[');
    add_program(&out, session);
    text_add(&out, "]}\n");
    fwrite(out.bytes, 1, out.length, stdout);
    text_free(&out);
}
