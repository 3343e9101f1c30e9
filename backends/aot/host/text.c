/* The report as text: verdicts, traps, time; maps where asked for, events, trace output. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { MOST_CELL = 60, HEX_LINES = 16, MOST_COLUMNS = 256, MOST_NAME = 256 };

static unsigned long long ull(uint64_t value)
{
    return value;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static uint64_t limited(const struct session *session, uint64_t count)
{
    uint64_t limit = session->options->limit;
    return limit && limit < count ? limit : count;
}

static void say_more(uint64_t more)
{
    char room[32];
    if (more)
        printf("  ... %s more (--limit 0 shows all)\n", with_commas(more, room));
}

/* ---- tables ------------------------------------------------------------------------------------------------------------------ */

struct table {
    size_t columns, rows;
    char **cells; /* titles first */
    bool *right;
};

static void table_open(struct table *table, size_t columns)
{
    *table = (struct table){.columns = columns};
    table->right = grown(NULL, columns + 1, sizeof *table->right);
    memset(table->right, 0, columns * sizeof *table->right);
}

/* Takes what the text holds; control characters and what is too long do not get into a table. */
static void table_cell(struct table *table, size_t row, size_t column, struct text *text)
{
    char *cell = text->bytes ? text->bytes : grown(NULL, 1, 1);
    size_t length = text->length;
    if (!text->bytes)
        cell[0] = 0;
    if (length > MOST_CELL) {
        length = MOST_CELL - 3;
        while (length && ((uint8_t)cell[length] & 0xc0) == 0x80)
            length--;
        memcpy(cell + length, "...", 4);
        length += 3;
    }
    for (size_t i = 0; i < length; i++)
        if ((uint8_t)cell[i] < 32 || cell[i] == 127)
            cell[i] = '?';
    while (table->rows <= row) {
        table->cells = grown(table->cells, (table->rows + 1) * table->columns, sizeof *table->cells);
        memset(table->cells + table->rows++ * table->columns, 0, table->columns * sizeof *table->cells);
    }
    table->cells[row * table->columns + column] = cell;
    *text = (struct text){0};
}

static void table_add(struct table *table, size_t row, size_t column, const char *cell)
{
    struct text text = {0};
    text_add(&text, "%s", cell);
    table_cell(table, row, column, &text);
}

static void table_print(struct table *table)
{
    for (size_t row = 0; row < table->rows; row++) {
        struct text line = {0};
        for (size_t column = 0; column < table->columns; column++) {
            const char *cell = table->cells[row * table->columns + column];
            size_t width = 0;
            for (size_t at = 0; at < table->rows; at++) {
                const char *other = table->cells[at * table->columns + column];
                size_t length = other ? strlen(other) : 0;
                width = length > width ? length : width;
            }
            text_add(&line, "  %*s", table->right[column] ? (int)width : -(int)width, cell ? cell : "");
        }
        while (line.length && line.bytes[line.length - 1] == ' ')
            line.bytes[--line.length] = 0;
        printf("%s\n", line.bytes ? line.bytes : "");
        text_free(&line);
    }
    for (size_t i = 0; i < table->rows * table->columns; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table->right);
}

/* ---- what ran, verdicts, traps, time --------------------------------------------------------------------------------------------- */

static void show_size(uint64_t count)
{
    static const char *const units[] = {"kB", "MB", "GB"};
    double value = (double)count;
    size_t unit = 0;
    if (count < 1000) {
        printf("%llu bytes", ull(count));
        return;
    }
    for (value /= 1000; value >= 1000 && unit < 2; unit++)
        value /= 1000;
    printf("%.1f %s", value, units[unit]);
}

static void show_heading(const struct session *session)
{
    char room[32];
    printf("%s (%s)", session->program->name, session->program->type);
    if (bpfcc_object.made_from[0])
        printf(" of %s", bpfcc_object.made_from);
    printf(": %s %s%s", with_commas(session->runs, room), session->on_packets ? "packet" : "run", plural(session->runs));
    if (session->on_packets) {
        printf(", ");
        show_size(session->bytes);
        if (session->skipped)
            printf(", %llu too short for it left out", ull(session->skipped));
    }
    printf("\n");
}

static void verdict_line(struct table *table, const char *name, uint64_t runs, uint64_t of, const uint64_t *bytes)
{
    size_t row = table->rows ? table->rows : 1;
    char room[32];
    table_add(table, row, 0, name);
    table_add(table, row, 1, with_commas(runs, room));
    snprintf(room, sizeof room, "%.1f %%", 100 * (double)runs / (double)(of ? of : 1));
    table_add(table, row, 2, room);
    table_add(table, row, 3, bytes ? with_commas(*bytes, room) : "");
}

static void show_verdicts(const struct session *session)
{
    struct verdict_row *rows = verdicts_by_runs(session);
    struct table table;
    uint64_t shown = limited(session, session->verdict_count), runs = 0, bytes = 0;
    char room[64];
    table_open(&table, 4);
    for (size_t i = 0; i < 4; i++) {
        table_add(&table, 0, i, (const char *const[]){"verdict", "packets", "share", "bytes"}[i]);
        table.right[i] = i > 0;
    }
    for (size_t i = 0; i < session->verdict_count; i++) {
        const struct verdict_row *row = &rows[i];
        if (i < shown) {
            verdict_line(&table, verdict_name(session->program, row->value, room), row->runs, session->runs, &row->bytes);
            continue;
        }
        runs += row->runs;
        bytes += row->bytes;
    }
    if (session->verdict_count > shown) {
        snprintf(room, sizeof room, "%llu other values", ull(session->verdict_count - shown));
        verdict_line(&table, room, runs, session->runs, &bytes);
    }
    if (session->trap_count)
        verdict_line(&table, "trapped", session->trap_count, session->runs, NULL);
    table_print(&table);
    free(rows);
}

static void hex_dump(const char *what, const uint8_t *bytes, size_t count)
{
    if (count)
        printf("%s afterwards, %zu bytes:\n", what, count);
    for (size_t at = 0; at < count && at < 16 * HEX_LINES; at += 16) {
        printf("  %04zx  ", at);
        for (size_t i = at; i < at + 16; i++) {
            if (i < count)
                printf(i + 1 < at + 16 ? "%02x " : "%02x", bytes[i]);
            else
                printf(i + 1 < at + 16 ? "   " : "  ");
        }
        printf("  ");
        for (size_t i = at; i < at + 16 && i < count; i++)
            putchar(bytes[i] >= 32 && bytes[i] < 127 ? bytes[i] : '.');
        printf("\n");
    }
    if (count > 16 * HEX_LINES)
        printf("  ... %zu bytes more\n", count - 16 * HEX_LINES);
}

static void show_result(const struct session *session)
{
    const struct bpfcc_run *run = session->run;
    char room[64];
    const char *name;
    if (!session->has_result)
        return;
    name = verdict_name(session->program, session->result, room);
    if (name != room)
        printf("returned %s\n", name);
    else if (session->result < 10)
        printf("returned %llu\n", ull(session->result));
    else
        printf("returned %llu (0x%llx)\n", ull(session->result), ull(session->result));
    if (takes_packets(session->program))
        hex_dump("packet", run->packet + run->packet_data, run->packet_end - run->packet_data);
    else if (is_raw(session->program))
        hex_dump("data", session->memory, session->memory_bytes);
}

static void show_traps(const struct session *session)
{
    uint64_t shown = 0;
    for (size_t i = 0; i < session->trap_rows; i++) {
        const struct trap_row *row = &session->traps[i];
        shown += row->count;
        printf("trap: ");
        if (row->count > 1)
            printf("%llu packets, first ", ull(row->count));
        if (row->has_packet)
            printf("packet %llu: ", ull(row->packet));
        printf("%s", row->message);
        if (row->has_insn)
            printf(" (instruction %u of %s)", row->insn, row->function);
        else if (row->function)
            printf(" (in %s)", row->function);
        printf("\n");
    }
    if (session->trap_count > shown)
        printf("... and %llu more traps, whose places were not looked for\n", ull(session->trap_count - shown));
}

static void show_time(const struct session *session)
{
    const char *what = session->on_packets ? "packet" : "run";
    char room[32], more[32];
    uint64_t mean, steps;
    if (!session->runs || !session->total_ns || session->trap_count)
        return;
    mean = (session->total_ns + session->runs / 2) / session->runs;
    if (bpfcc_object.checked) {
        steps = (session->steps + session->runs / 2) / session->runs;
        printf("%s ns and %s instruction%s per %s (checked)\n", with_commas(mean, room), with_commas(steps, more), plural(steps), what);
    } else {
        uint32_t most = most_instructions(session->program);
        printf("%s ns per %s (verified", with_commas(mean, room), what);
        if (most)
            printf(": at most %s instruction%s", with_commas(most, more), plural(most));
        printf(")\n");
    }
}

static void show_redirects(const struct session *session)
{
    for (size_t i = 0; i < session->redirect_count; i++) {
        const struct redirect_row *row = &session->redirects[i];
        const char *name = NULL;
        for (uint32_t at = 0; at < bpfcc_object.map_count && row->target.kind == BPFCC_REDIRECT_MAP; at++)
            if (session->host->maps[at].id == row->target.map_id)
                name = bpfcc_object.maps[at].name;
        if (name)
            printf("redirected to map %s[%llu]: %llu\n", name, ull(row->target.key), ull(row->runs));
        else
            printf("redirected to interface %u: %llu\n", row->target.ifindex, ull(row->runs));
    }
}

/* ---- maps and events as tables: a column for each member ----------------------------------------------------------------------- */

struct column {
    char name[MOST_NAME];
    const struct bpfcc_shape *shape;
    uint32_t offset; /* of the whole; a bit-field's structure begins there */
    bool in_key, used;
};
struct columns {
    struct column *list;
    size_t count;
};

static void add_columns(struct columns *columns, const struct bpfcc_shape *shape, const char *prefix, uint32_t offset, bool in_key)
{
    const struct bpfcc_shape *member = shape + 1;
    struct column *column;
    if (shape->kind == BPFCC_SHAPE_STRUCT) {
        for (uint32_t i = 0; i < shape->count; i++, member += member->nodes) {
            char name[MOST_NAME];
            snprintf(name, sizeof name, prefix[0] ? "%.120s.%.120s" : "%s%.250s", prefix, member->name);
            add_columns(columns, member, name, member->kind == BPFCC_SHAPE_BITS ? offset : offset + member->offset, in_key);
        }
        return;
    }
    if (columns->count == MOST_COLUMNS)
        return;
    column = &columns->list[columns->count++];
    *column = (struct column){.shape = shape, .offset = offset, .in_key = in_key};
    snprintf(column->name, sizeof column->name, "%s", prefix[0] ? prefix : in_key ? "key" : "value");
}

/* The name without the outer names where that says it, too. */
static const char *short_name(const struct columns *columns, const struct column *column)
{
    const char *dot = strrchr(column->name, '.'), *last = dot ? dot + 1 : column->name;
    unsigned same = 0;
    for (size_t i = 0; i < columns->count; i++) {
        const char *other = strrchr(columns->list[i].name, '.');
        same += columns->list[i].used && !strcmp(other ? other + 1 : columns->list[i].name, last);
    }
    return same == 1 ? last : column->name;
}

struct row {
    const uint8_t *key, *value;
};

static void show_rows(struct columns *columns, const struct row *rows, size_t count)
{
    struct table table;
    size_t used = 0, at = 0;
    for (size_t i = 0; i < columns->count; i++) {
        struct column *column = &columns->list[i];
        for (size_t row = 0; row < count && !column->used; row++)
            column->used = (column->in_key && !strcmp(column->name, "key")) ||
                           !shows_nothing(column->shape, (column->in_key ? rows[row].key : rows[row].value) + column->offset);
        used += column->used;
    }
    if (!used && columns->count)
        columns->list[0].used = (bool)++used;
    table_open(&table, used);
    for (size_t i = 0; i < columns->count; i++) {
        const struct column *column = &columns->list[i];
        if (!column->used)
            continue;
        table.right[at] = shows_number(column->shape);
        table_add(&table, 0, at, short_name(columns, column));
        for (size_t row = 0; row < count; row++) {
            struct text cell = {0};
            show_value(&cell, column->shape, (column->in_key ? rows[row].key : rows[row].value) + column->offset, false);
            table_cell(&table, row + 1, at, &cell);
        }
        at++;
    }
    table_print(&table);
}

struct ranked {
    int64_t weight;
    size_t entry, place;
};

static int by_weight(const void *first, const void *second)
{
    const struct ranked *a = first, *b = second;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* Entries that say something, those that counted most first where the map has no order of its own. */
static size_t rank(const struct entries *entries, const struct host_map *map, const struct bpfcc_shape *value, struct ranked *out)
{
    uint32_t type = map->info->type;
    bool array = strstr(map_type_name(type), "array") != NULL, unordered = type == 1 || type == 5 || type == 9 || type == 10;
    size_t count = 0;
    for (size_t i = 0; i < entries->count; i++) {
        const uint8_t *bytes = entries->values + entries->order[i] * entries->value_bytes;
        if (array && shows_nothing(value, bytes))
            continue;
        out[count] = (struct ranked){unordered ? (int64_t)first_number(value, bytes) : 0, entries->order[i], count};
        count++;
    }
    qsort(out, count, sizeof *out, by_weight);
    return count;
}

static void show_map(const struct session *session, const struct host_map *map)
{
    const struct bpfcc_map_info *info = map->info;
    struct bpfcc_shape key_room, value_room;
    const struct bpfcc_shape *value = shape_of(info->value_shape, info->value_size, &value_room), *key;
    struct columns columns = {grown(NULL, MOST_COLUMNS, sizeof *columns.list), 0};
    struct entries entries;
    struct ranked *ranked;
    struct row *rows;
    size_t count, shown;
    char first[32], second[32];
    entries_read(&entries, map);
    key = shape_of(info->key_shape, entries.key_bytes, &key_room);
    ranked = grown(NULL, entries.count + 1, sizeof *ranked);
    rows = grown(NULL, entries.count + 1, sizeof *rows);
    count = entries.shown ? rank(&entries, map, value, ranked) : 0;
    shown = (size_t)limited(session, count);
    if (entries.shown)
        printf("\nmap %s (%s): ", info->name, map_type_name(info->type));
    if (entries.shown && !count)
        printf("%s\n", entries.count ? "all zero" : "empty");
    if (count) {
        printf("%s of %s entries", with_commas(bpfcc_map_count(map->map), first), with_commas(bpfcc_map_definition(map->map)->max_entries, second));
        if (count < entries.count)
            printf(", %zu of them zero", entries.count - count);
        printf("\n");
        if (entries.keyed)
            add_columns(&columns, key, "", 0, true);
        add_columns(&columns, value, "", 0, false);
        for (size_t i = 0; i < shown; i++)
            rows[i] = (struct row){entries.keys + ranked[i].entry * entries.key_bytes, entries.values + ranked[i].entry * entries.value_bytes};
        show_rows(&columns, rows, shown);
        say_more(count - shown);
    }
    free(columns.list);
    free(ranked);
    free(rows);
    entries_free(&entries);
}

static void show_events_of(const struct session *session, uint32_t map)
{
    const struct bpfcc_shape *shape = bpfcc_object.maps[map].record_shape;
    struct columns columns = {grown(NULL, MOST_COLUMNS, sizeof *columns.list), 0};
    struct row *rows = grown(NULL, session->events.kept + 1, sizeof *rows);
    struct table table;
    uint64_t count = 0, shown, at = 0;
    char room[32];
    for (size_t i = 0; i < session->events.kept; i++)
        count += session->events.list[i].map == map;
    shown = limited(session, count);
    if (count)
        printf("\nevents of map %s: %s\n", bpfcc_object.maps[map].name, with_commas(count, room));
    table_open(&table, 1);
    for (size_t i = 0; i < session->events.kept && at < shown; i++) {
        const struct blob *event = &session->events.list[i];
        struct text cell = {0};
        if (event->map != map)
            continue;
        if (shape && event->length < shape->size)
            shape = NULL; /* then of none */
        rows[at++] = (struct row){NULL, event->bytes};
        text_add(&cell, "  ");
        text_hex(&cell, event->bytes, event->length);
        table_cell(&table, (size_t)at, 0, &cell);
    }
    if (shape && at) {
        add_columns(&columns, shape, "", 0, false);
        show_rows(&columns, rows, (size_t)at);
        table.rows = 0;
    } else if (at) {
        table_add(&table, 0, 0, "  bytes");
    }
    table_print(&table);
    say_more(count - shown);
    free(columns.list);
    free(rows);
}

static void show_trace(const struct session *session)
{
    uint64_t shown = limited(session, session->lines.kept);
    char room[32];
    if (!session->lines.count)
        return;
    printf("\ntrace output: %s line%s\n", with_commas(session->lines.count, room), plural(session->lines.count));
    for (size_t i = 0; i < shown; i++) {
        const struct blob *line = &session->lines.list[i];
        printf("  ");
        for (uint32_t at = 0; at < line->length; at++)
            putchar(line->bytes[at] < 32 || line->bytes[at] == 127 ? '?' : line->bytes[at]);
        printf("\n");
    }
    say_more(session->lines.count - shown);
}

void report_text(struct session *session)
{
    char room[32];
    show_heading(session);
    if (session->on_packets)
        show_verdicts(session);
    show_result(session);
    show_traps(session);
    show_time(session);
    show_redirects(session);
    if (session->options->quiet)
        return;
    for (uint32_t i = 0; i < bpfcc_object.map_count && session->options->maps; i++) {
        const struct bpfcc_map_info *info = &bpfcc_object.maps[i];
        if (!info->is_data || !strncmp(info->name, ".data", 5) || !strncmp(info->name, ".bss", 4))
            show_map(session, &session->host->maps[i]);
    }
    for (uint32_t i = 0; i < bpfcc_object.map_count; i++)
        show_events_of(session, i);
    if (session->events.count > session->events.kept)
        printf("  there were %s events; the first %zu are kept\n", with_commas(session->events.count, room), session->events.kept);
    show_trace(session);
}
