/* Runs of one program, and what is counted of them: as `bpfcc run` does it. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum {
    BATCH = 256,             /* packets of one call: between calls, buffers of events are emptied */
    GROWTH_BYTES = 512,      /* room for what a program may add to a packet, on the average */
    GENERATION_SHIFT = 20,
    TYPE_RINGBUF = 27,
    TYPE_PROG_ARRAY = 3,
    TYPE_PERF_EVENT_ARRAY = 4,
    CLONE_HEAD = 16,
};
static const uint64_t STEPS = 100000000; /* instructions of a run */

bool takes_packets(const struct bpfcc_program_info *program)
{
    return program->context && program->context->packet != BPFCC_PACKET_NONE;
}

bool is_raw(const struct bpfcc_program_info *program)
{
    return !strcmp(program->type, "raw");
}

uint32_t most_instructions(const struct bpfcc_program_info *program)
{
    for (uint32_t i = 0; i < bpfcc_object.map_count; i++)
        if (bpfcc_object.maps[i].type == TYPE_PROG_ARRAY)
            return 0;
    return bpfcc_object.checked ? 0 : program->max_insns;
}

static bool is_socket_filter(const struct bpfcc_program_info *program)
{
    return !strcmp(program->type, "socket_filter");
}

/* ---- what results mean ------------------------------------------------------------------------------------------------------ */

static const struct bpfcc_verdict_info *verdict_of(const struct bpfcc_program_info *program, uint64_t value)
{
    for (uint32_t i = 0; i < program->verdict_count; i++)
        if (program->verdicts[i].value == (int32_t)(uint32_t)value)
            return &program->verdicts[i];
    return NULL;
}

const char *verdict_name(const struct bpfcc_program_info *program, uint64_t value, char room[64])
{
    const struct bpfcc_verdict_info *found = verdict_of(program, value);
    int32_t number = (int32_t)(uint32_t)value;
    if (found)
        return found->name;
    if (program->other_name && !program->other_numbered)
        return program->other_name;
    if (program->other_name)
        snprintf(room, 64, "%.40s (%d)", program->other_name, number);
    else
        snprintf(room, 64, "%d", number);
    return room;
}

uint32_t verdict_disposition(const struct bpfcc_program_info *program, uint64_t value)
{
    const struct bpfcc_verdict_info *found = verdict_of(program, value);
    return found ? found->disposition : program->other_disposition;
}

/* ---- making a run ----------------------------------------------------------------------------------------------------------- */

static void put_ifindex(uint8_t *context, int16_t offset)
{
    if (offset >= 0)
        bpfcc_put32(context + offset, HOST_IFINDEX);
}

void session_open(struct session *session, struct host *host, const struct bpfcc_program_info *program, const struct options *options)
{
    const struct bpfcc_context_info *context = program->context;
    struct bpfcc_outcome *outcome;
    size_t number = (size_t)(program - bpfcc_object.programs);
    *session = (struct session){.host = host, .options = options, .program = program};
    session->run = bpfcc_run_create(host->state, 0, (int)bpfcc_object.checked);
    if (!session->run)
        fail(STATUS_INPUT, "no memory");
    session->bound = (struct bpfcc_bound){-1, NULL, host->tables[number], host->tables[number]};
    outcome = bpfcc_run_outcome(session->run);
    outcome->program_type = program->type_number;
    outcome->ifindex = HOST_IFINDEX;
    if (context) {
        outcome->link_bytes = context->packet == BPFCC_PACKET_LINK ? LINK_BYTES : 0;
        session->run->layout = (struct bpfcc_context_layout){
            .data = context->data, .data_end = context->data_end, .data_meta = context->data_meta, .length = context->length,
            .pointer_bytes = (uint8_t)context->pointer_bytes};
        session->context_bytes = context->variable ? 0 : context->size;
        session->context = grown(NULL, (size_t)context->size + 1, 1);
        memset(session->context, 0, context->size);
        put_ifindex(session->context, context->ingress_ifindex);
        put_ifindex(session->context, context->ifindex);
    }
    bpfcc_compiled_bind(session->run, program->call_back, &session->bound);
}

void session_close(struct session *session)
{
    bpfcc_compiled_unbind(session->run, &session->bound);
    bpfcc_run_free(session->run);
    for (size_t i = 0; i < 3; i++) {
        struct blobs *blobs = i == 0 ? &session->lines : i == 1 ? &session->clones : &session->events;
        for (size_t at = 0; at < blobs->kept; at++)
            free(blobs->list[at].bytes);
        free(blobs->list);
    }
    free(session->context);
    free(session->memory);
    free(session->event_buffer);
    free(session->verdicts);
    free(session->redirects);
}

static struct bpfcc_packet_fields packet_fields(const struct bpfcc_program_info *program)
{
    const struct bpfcc_context_info *context = program->context;
    return (struct bpfcc_packet_fields){context->protocol, context->pkt_type, context->wire_len, context->packet == BPFCC_PACKET_LINK};
}

static void set_context(struct session *session)
{
    const struct bpfcc_context_info *context = session->program->context;
    const uint8_t *bytes = context ? session->context : (const uint8_t *)"";
    int error = bpfcc_run_set_context(session->run, bytes, session->context_bytes, context ? context->readable : NULL, context ? context->writable : NULL);
    if (error)
        fail(STATUS_INPUT, "no memory for a context of %u bytes", session->context_bytes);
}

/* ---- counting --------------------------------------------------------------------------------------------------------------- */

static size_t verdict_slot(const struct session *session, uint64_t value)
{
    size_t at = (size_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (session->verdict_room - 1);
    while (session->verdicts[at].runs && session->verdicts[at].value != value)
        at = (at + 1) & (session->verdict_room - 1);
    return at;
}

static void grow_verdicts(struct session *session)
{
    struct verdict_row *before = session->verdicts;
    size_t count = session->verdict_room;
    session->verdict_room = count ? 2 * count : 16;
    session->verdicts = grown(NULL, session->verdict_room, sizeof *session->verdicts);
    memset(session->verdicts, 0, session->verdict_room * sizeof *session->verdicts);
    for (size_t i = 0; i < count; i++)
        if (before[i].runs)
            session->verdicts[verdict_slot(session, before[i].value)] = before[i];
    free(before);
}

static void count_verdict(struct session *session, uint64_t value, uint64_t runs, uint64_t bytes)
{
    size_t at;
    if (2 * session->verdict_count >= session->verdict_room)
        grow_verdicts(session);
    at = verdict_slot(session, value);
    if (!session->verdicts[at].runs)
        session->verdicts[at] = (struct verdict_row){.value = value, .place = session->verdict_count++};
    session->verdicts[at].runs += runs;
    session->verdicts[at].bytes += bytes;
}

static int by_runs(const void *first, const void *second)
{
    const struct verdict_row *a = first, *b = second;
    if (a->runs != b->runs)
        return a->runs > b->runs ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

struct verdict_row *verdicts_by_runs(const struct session *session)
{
    struct verdict_row *rows = grown(NULL, session->verdict_count + 1, sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; i < session->verdict_room; i++)
        if (session->verdicts[i].runs)
            rows[count++] = session->verdicts[i];
    qsort(rows, count, sizeof *rows, by_runs);
    return rows;
}

static void count_redirect(struct session *session, const struct bpfcc_redirect *found)
{
    if (found->kind == BPFCC_REDIRECT_NONE)
        return;
    for (size_t i = 0; i < session->redirect_count; i++) {
        struct bpfcc_redirect *known = &session->redirects[i].target;
        if (known->kind == found->kind && known->ifindex == found->ifindex && known->map_id == found->map_id && known->key == found->key) {
            session->redirects[i].runs++;
            return;
        }
    }
    session->redirects = grown(session->redirects, session->redirect_count + 1, sizeof *session->redirects);
    session->redirects[session->redirect_count++] = (struct redirect_row){*found, 1};
}

/* ---- traps ------------------------------------------------------------------------------------------------------------------ */

const char *trap_kind(uint32_t kind)
{
    static const char *const names[] = {"unknown", "access", "budget", "stack", "call", "helper", "misaligned", "stopped", "reference", "unresolved"};
    return names[kind < sizeof names / sizeof *names ? kind : 0];
}

/* A guest address in words. */
static void place_of(const struct session *session, uint64_t address, char *out, size_t room)
{
    const struct bpfcc_run *run = session->run;
    uint64_t slot = address >> BPFCC_SLOT_SHIFT, offset = address & ((UINT64_C(1) << BPFCC_SLOT_SHIFT) - 1);
    uint64_t start = BPFCC_PACKET_BASE + run->packet_data, end = BPFCC_PACKET_BASE + run->packet_end;
    if (!address)
        snprintf(out, room, "the null pointer");
    else if (takes_packets(session->program) && address >= start && address < BPFCC_PACKET_BASE + run->packet_capacity)
        snprintf(out, room, "byte %llu of a packet of %llu", (unsigned long long)(address - start), (unsigned long long)(end - start));
    else if (slot == BPFCC_SLOT_STACK)
        snprintf(out, room, "stack %+lld", (long long)offset - BPFCC_MAX_FRAMES * BPFCC_FRAME_BYTES);
    else if (slot == BPFCC_SLOT_CONTEXT)
        snprintf(out, room, "context + %llu", (unsigned long long)offset);
    else if (slot == BPFCC_SLOT_PACKET)
        snprintf(out, room, "packet buffer + %llu", (unsigned long long)(offset & ((1u << GENERATION_SHIFT) - 1)));
    else if (slot == BPFCC_SLOT_RING)
        snprintf(out, room, "reservation area + %llu", (unsigned long long)offset);
    else if (slot == BPFCC_SLOT_USER || slot == BPFCC_SLOT_USER + 1)
        snprintf(out, room, "supplied memory %llu + %llu", (unsigned long long)(slot - BPFCC_SLOT_USER), (unsigned long long)offset);
    else
        snprintf(out, room, "address 0x%llx", (unsigned long long)address);
    for (uint32_t i = 0; i < bpfcc_object.map_count && slot >= BPFCC_SLOT_MAP_VALUES && slot < BPFCC_SLOTS; i++) {
        uint64_t base = bpfcc_state_map_base(session->host->state, session->host->maps[i].id);
        struct bpfcc_map_area area;
        if (base && !bpfcc_map_area(session->host->maps[i].map, &area) && address >= base && address - base < area.size + (1u << 16))
            snprintf(out, room, "values of map %.64s + %llu", bpfcc_object.maps[i].name, (unsigned long long)(address - base));
    }
}

static void describe_trap(const struct session *session, struct trap_row *row)
{
    const struct bpfcc_run *run = session->run;
    char place[128];
    unsigned long long address = run->trap_address;
    unsigned size = run->trap_size;
    const char *plural = size == 1 ? "" : "s";
    place_of(session, run->trap_address, place, sizeof place);
    switch (run->trap) {
    case BPFCC_TRAP_ACCESS:
        snprintf(row->message, sizeof row->message, "access of %u byte%s at 0x%llx (%s): outside of every region that may be accessed so", size, plural, address, place);
        break;
    case BPFCC_TRAP_BUDGET:
        snprintf(row->message, sizeof row->message, "the step budget is spent");
        break;
    case BPFCC_TRAP_STACK:
        snprintf(row->message, sizeof row->message, "more than 8 calls deep");
        break;
    case BPFCC_TRAP_CALL:
        snprintf(row->message, sizeof row->message, "call of 0x%llx (%s), which is no function of the program", address, place);
        break;
    case BPFCC_TRAP_HELPER:
        snprintf(row->message, sizeof row->message, "a helper got an argument that it cannot take (0x%llx (%s))", address, place);
        break;
    case BPFCC_TRAP_MISALIGNED:
        snprintf(row->message, sizeof row->message, "atomic access of %u byte%s at 0x%llx (%s), which is not aligned", size, plural, address, place);
        break;
    case BPFCC_TRAP_REFERENCE:
        snprintf(row->message, sizeof row->message, "the program ended with a reservation or a lock still held");
        break;
    case BPFCC_TRAP_UNRESOLVED:
        snprintf(row->message, sizeof row->message, "an instruction was reached that CO-RE could not resolve");
        break;
    default:
        snprintf(row->message, sizeof row->message, "the run was stopped (%s)", trap_kind(run->trap));
    }
}

static void locate_trap(const struct session *session, struct trap_row *row)
{
    int64_t where = session->bound.where;
    if (where < 0)
        return;
    for (uint32_t i = 0; i < bpfcc_object.program_count; i++) {
        const struct bpfcc_program_info *program = &bpfcc_object.programs[i];
        if (session->host->tables[i] != session->bound.where_table || (uint64_t)where >> 32 >= program->function_count)
            continue;
        row->function = program->functions[(uint64_t)where >> 32];
        row->insn = (uint32_t)where;
        row->has_insn = row->insn != UINT32_MAX;
    }
}

/* The first trap of each place is kept, and the others there are counted. */
static void note_trap(struct session *session, const uint64_t *packet)
{
    struct trap_row found = {.kind = session->run->trap, .count = 1};
    session->located++;
    describe_trap(session, &found);
    locate_trap(session, &found);
    if (packet) {
        found.has_packet = true;
        found.packet = *packet;
    }
    for (size_t i = 0; i < session->trap_rows; i++) {
        struct trap_row *known = &session->traps[i];
        if (known->kind == found.kind && known->function == found.function && known->insn == found.insn) {
            known->count++;
            return;
        }
    }
    if (session->trap_rows < MOST_TRAPS_SHOWN)
        session->traps[session->trap_rows++] = found;
}

/* ---- what programs said ----------------------------------------------------------------------------------------------------- */

static void keep(struct blobs *blobs, const uint8_t *bytes, uint32_t length, uint32_t map, uint32_t cpu, uint64_t time_ns)
{
    struct blob blob = {.length = length, .map = map, .cpu = cpu, .time_ns = time_ns};
    blobs->count++;
    if (blobs->kept >= MOST_RECORDS)
        return;
    if (blobs->kept % 256 == 0)
        blobs->list = grown(blobs->list, blobs->kept + 256, sizeof *blobs->list);
    blob.bytes = grown(NULL, (size_t)length + 1, 1);
    memcpy(blob.bytes, bytes, length);
    blobs->list[blobs->kept++] = blob;
}

static void take_log(struct session *session)
{
    uint64_t size = bpfcc_state_take_log(session->host->state, NULL, 0), at = 0;
    uint8_t *bytes;
    if (!size)
        return;
    bytes = grown(NULL, size, 1);
    size = bpfcc_state_take_log(session->host->state, bytes, size);
    while (at + sizeof(struct bpfcc_log_record) <= size) {
        struct bpfcc_log_record head;
        const uint8_t *body = bytes + at + sizeof head;
        memcpy(&head, bytes + at, sizeof head);
        if (head.kind == BPFCC_LOG_TRACE)
            keep(&session->lines, body, head.length, 0, head.cpu, head.time_ns);
        else if (head.kind == BPFCC_LOG_CLONE && head.length >= CLONE_HEAD)
            keep(&session->clones, body + CLONE_HEAD, head.length - CLONE_HEAD, bpfcc_get32(body), head.cpu, head.time_ns);
        at += sizeof head + head.padded;
    }
    free(bytes);
}

static int64_t read_events(struct session *session, const struct host_map *map)
{
    bool ring = map->info->type == TYPE_RINGBUF;
    for (;;) {
        uint64_t needed = 0;
        int64_t got = ring ? bpfcc_ring_read(map->map, session->event_buffer, session->event_room, &needed)
                           : bpfcc_perf_read(map->map, 0, session->event_buffer, session->event_room, &needed);
        if (got != NO_SPACE || needed <= session->event_room)
            return got;
        session->event_room = needed;
        session->event_buffer = grown(session->event_buffer, needed, 1);
    }
}

static void take_events(struct session *session)
{
    for (uint32_t i = 0; i < bpfcc_object.map_count; i++) {
        const struct host_map *map = &session->host->maps[i];
        int64_t got;
        if (map->info->type != TYPE_RINGBUF && map->info->type != TYPE_PERF_EVENT_ARRAY)
            continue;
        if (!session->event_buffer) {
            session->event_room = 1 << 16;
            session->event_buffer = grown(NULL, session->event_room, 1);
        }
        while ((got = read_events(session, map)) > 0)
            for (uint64_t at = 0; at + 4 <= (uint64_t)got;) {
                uint32_t length = bpfcc_get32(session->event_buffer + at);
                keep(&session->events, session->event_buffer + at + 4, length, i, 0, 0);
                at += (UINT64_C(4) + length + 7) / 8 * 8;
            }
    }
}

static void take_output(struct session *session)
{
    take_log(session);
    take_events(session);
}

/* ---- runs on a capture -------------------------------------------------------------------------------------------------------- */

/* As programs of the type see it: some begin at the network header. False where it is too short for them. */
static bool as_seen(const struct bpfcc_program_info *program, const struct packet *packet, const uint8_t **bytes, uint32_t *length)
{
    uint32_t at = 12;
    *bytes = packet->bytes;
    *length = packet->length;
    if (program->context->packet == BPFCC_PACKET_LINK)
        return true;
    while (packet->length >= at + 2) {
        uint32_t protocol = (uint32_t)packet->bytes[at] << 8 | packet->bytes[at + 1];
        at += 2;
        if (protocol != 0x8100 && protocol != 0x88a8) {
            *bytes += at;
            *length -= at;
            return true;
        }
        at += 2;
    }
    return false;
}

struct batch_room {
    struct bpfcc_batch_item items[BATCH];
    uint64_t numbers[BATCH]; /* of the packets in the capture */
    uint8_t *out;
    uint64_t out_room;
};

static void add_result(struct session *session, const struct bpfcc_batch_item *item, uint64_t number, const uint8_t *out, struct writer *writer)
{
    const struct bpfcc_program_info *program = session->program;
    uint32_t disposition, length = item->out_length;
    char room[64];
    session->runs++;
    session->bytes += item->length;
    session->steps += item->steps;
    if (item->trap) {
        session->trap_count++;
        if (session->options->each)
            printf("%llu trap %s\n", (unsigned long long)number, trap_kind(item->trap));
        return;
    }
    count_verdict(session, (uint32_t)item->result, 1, item->length);
    count_redirect(session, &item->redirect);
    if (session->options->each)
        printf("%llu %s\n", (unsigned long long)number, verdict_name(program, item->result, room));
    disposition = verdict_disposition(program, item->result);
    if (!writer || (disposition != BPFCC_PASS && disposition != BPFCC_TRANSMIT && disposition != BPFCC_REDIRECTED))
        return;
    if (is_socket_filter(program) && (uint32_t)item->result < length)
        length = (uint32_t)item->result;
    writer_add(writer, item->copied ? out + item->out_offset : session->run->packet + session->run->packet_data, length, item->time_ns);
}

/* Some packets from the first on; how many of them are done. */
static size_t run_some(struct session *session, struct batch_room *room, size_t first, size_t count, struct writer *writer)
{
    bool locate = session->located < MOST_TRAPS_LOCATED;
    struct bpfcc_batch batch = {
        .items = room->items + first, .count = count - first, .context = session->context, .context_size = session->context_bytes,
        .ifindex_offset = session->program->context->ingress_ifindex, .steps = STEPS, .out = writer ? room->out : NULL,
        .out_capacity = writer ? room->out_room : 0, .stop_on_trap = locate, .fields = packet_fields(session->program),
    };
    int error = bpfcc_run_batch(session->run, session->program->entry, &batch);
    if (error)
        fail(STATUS_INPUT, error == NO_SPACE ? "the values of the maps do not fit into the memory of a checked run" : "no memory for packets");
    session->total_ns += batch.total_ns;
    for (size_t i = first; i < first + batch.done; i++)
        add_result(session, &room->items[i], room->numbers[i], room->out, writer);
    if (locate && batch.done && room->items[first + batch.done - 1].trap)
        note_trap(session, &room->numbers[first + batch.done - 1]);
    return batch.done;
}

static void run_part(struct session *session, struct batch_room *room, const struct packet *packets, size_t count, uint64_t number, struct writer *writer)
{
    size_t seen = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct bpfcc_batch_item item = {.ifindex = HOST_IFINDEX, .time_ns = packets[i].time_ns};
        if (!as_seen(session->program, &packets[i], &item.packet, &item.length)) {
            session->skipped++;
            continue;
        }
        bytes += item.length + GROWTH_BYTES;
        room->numbers[seen] = number + i;
        room->items[seen++] = item;
    }
    if (writer && bytes > room->out_room) {
        room->out_room = bytes;
        room->out = grown(room->out, bytes, 1);
    }
    for (size_t done = 0; done < seen;)
        done += run_some(session, room, done, seen, writer);
}

void session_run_capture(struct session *session, const struct capture *capture, struct writer *writer)
{
    struct batch_room *room = grown(NULL, 1, sizeof *room);
    room->out = NULL;
    room->out_room = 0;
    session->on_packets = true;
    /* Time stands still at each packet's own. */
    bpfcc_state_set_clock(session->host->state, capture->count ? BPFCC_CLOCK_DRIVEN : BPFCC_CLOCK_REAL, capture->count ? capture->packets[0].time_ns : 0);
    set_context(session);
    for (uint64_t turn = 0; turn < session->options->repeat; turn++)
        for (size_t first = 0; first < capture->count; first += BATCH) {
            size_t count = capture->count - first < BATCH ? capture->count - first : BATCH;
            run_part(session, room, capture->packets + first, count, first, turn ? NULL : writer);
            take_output(session);
        }
    free(room->out);
    free(room);
}

/* ---- runs on bytes -------------------------------------------------------------------------------------------------------------- */

/* A packet, memory, or a context, as the type has it. */
static void put_in_place(struct session *session, const uint8_t *data, size_t size)
{
    const struct bpfcc_program_info *program = session->program;
    const struct bpfcc_context_info *context = program->context;
    int error = 0;
    if (is_raw(program)) {
        session->memory = grown(NULL, size + 1, 1);
        memcpy(session->memory, data, size);
        session->memory_bytes = (uint32_t)size;
        session->context_bytes = 0;
        error = bpfcc_run_set_user(session->run, 0, session->memory, size, 1);
    } else if (!takes_packets(program) && size) {
        if (!context || size > context->size)
            fail(STATUS_INPUT, "the context of a program of type %s has %u bytes, not %zu", program->type, context ? context->size : 0, size);
        memcpy(session->context, data, size);
        session->context_bytes = context->variable ? (uint32_t)size : context->size;
    }
    set_context(session);
    if (!error && takes_packets(program)) {
        struct bpfcc_packet_fields fields = packet_fields(program);
        error = size > UINT32_MAX ? -BPFCC_E2BIG : bpfcc_run_set_packet(session->run, data, (uint32_t)size);
        if (!error)
            bpfcc_run_describe_packet(session->run, &fields);
    }
    if (error)
        fail(STATUS_INPUT, error == -BPFCC_E2BIG ? "%zu bytes are too many" : "no memory for %zu bytes", size);
}

void session_run_once(struct session *session, const uint8_t *data, size_t size)
{
    const struct bpfcc_program_info *program = session->program;
    const uint64_t repeat = session->options->repeat;
    uint64_t value;
    put_in_place(session, data, size);
    value = bpfcc_run_repeat(session->run, program->entry, repeat, STEPS, &session->total_ns);
    session->runs = repeat;
    if (session->run->trap) {
        session->trap_count = 1;
        note_trap(session, NULL);
    } else {
        session->steps = (STEPS - session->run->steps_left) * repeat;
        session->has_result = true;
        session->result = is_raw(program) ? value : (uint32_t)value;
        count_verdict(session, session->result, repeat, size * repeat);
        count_redirect(session, &session->run->outcome->redirect);
    }
    take_output(session);
}
