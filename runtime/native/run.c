/* One run after another on the same memory: context, packet, stack, and what helpers noted; batches and repeats. */
#include <stdlib.h>
#include <string.h>

#include "state.h"

enum {
    DEFAULT_HEADROOM = 256, /* XDP_PACKET_HEADROOM */
    LINEAR_ROOM = 3520,     /* a page less headroom and what the kernel keeps behind the data */
    MAX_PACKET = 1 << 19,   /* a generation's share of the packet slot, with headroom */
    GENERATION_SHIFT = 20,
    GENERATIONS = 16,
};

struct bpfcc_run *bpfcc_run_create(struct bpfcc_state *state, uint32_t cpu, int checked)
{
    struct bpfcc_run *run = calloc(1, sizeof *run);
    struct bpfcc_outcome *o = calloc(1, sizeof *o);
    if (!run || !o) {
        free(run);
        free(o);
        return NULL;
    }
    run->checked = checked != 0;
    run->cpu = cpu;
    run->tail_target = -1;
    run->state = state;
    run->outcome = o;
    run->frames = o->frames;
    run->layout = (struct bpfcc_context_layout){.data = -1, .data_end = -1, .data_meta = -1, .length = -1, .pointer_bytes = 4};
    o->packet_headroom = DEFAULT_HEADROOM;
    o->stack = (struct bpfcc_region){.host = o->frames, .base = BPFCC_STACK_BASE, .hi = sizeof o->frames, .flags = BPFCC_REGION_WRITE};
    run->slots[BPFCC_SLOT_STACK] = &o->stack;
    return run;
}

void bpfcc_run_free(struct bpfcc_run *run)
{
    if (!run)
        return;
    if (run->outcome->entered)
        bpfcc_run_leave(run->outcome->ticket);
    free(run->packet);
    free(run->context);
    free(run->outcome);
    free(run);
}

struct bpfcc_outcome *bpfcc_run_outcome(struct bpfcc_run *run)
{
    return run->outcome;
}

int bpfcc_run_set_context(struct bpfcc_run *run, const uint8_t *bytes, uint32_t size, const uint8_t *readable, const uint8_t *writable)
{
    struct bpfcc_outcome *o = run->outcome;
    if (size > (uint32_t)1 << BPFCC_SLOT_SHIFT)
        return -BPFCC_E2BIG;
    if (size > o->context_allocated) {
        uint8_t *fresh = realloc(run->context, size);
        if (!fresh)
            return -BPFCC_ENOMEM;
        run->context = fresh;
        o->context_allocated = size;
    }
    if (size)
        memcpy(run->context, bytes, size);
    run->context_size = size;
    o->context = (struct bpfcc_region){.host = run->context, .base = BPFCC_CONTEXT_BASE, .hi = size, .flags = BPFCC_REGION_WRITE, .readable = readable, .writable = writable};
    run->slots[BPFCC_SLOT_CONTEXT] = size ? &o->context : NULL;
    return 0;
}

int bpfcc_packet_reserve(struct bpfcc_run *run, uint32_t headroom, uint32_t length)
{
    uint32_t capacity = headroom + (length > LINEAR_ROOM ? length : LINEAR_ROOM);
    if (length > MAX_PACKET || headroom > MAX_PACKET)
        return -BPFCC_E2BIG;
    if (capacity > run->outcome->packet_allocated) {
        uint8_t *fresh = realloc(run->packet, capacity);
        if (!fresh)
            return -BPFCC_ENOMEM;
        run->packet = fresh;
        run->outcome->packet_allocated = capacity;
    }
    run->packet_capacity = capacity;
    return 0;
}

static void put_pointer(struct bpfcc_run *run, int16_t offset, uint32_t packet_offset)
{
    uint32_t bytes = run->layout.pointer_bytes;
    if (offset < 0 || (uint32_t)offset + bytes > run->context_size)
        return;
    uint64_t address = run->checked ? run->outcome->packet.base + packet_offset : (uint64_t)(uintptr_t)(run->packet + packet_offset);
    if (bytes == 8)
        bpfcc_put64(run->context + offset, address);
    else if (run->checked) /* a host pointer has no room in four bytes: such loads are field operations then */
        bpfcc_put32(run->context + offset, (uint32_t)address);
}

static void show_packet(struct bpfcc_run *run)
{
    struct bpfcc_outcome *o = run->outcome;
    o->packet = (struct bpfcc_region){.host = run->packet, .lo = run->packet_meta, .hi = run->packet_end, .flags = BPFCC_REGION_WRITE};
    o->packet.base = BPFCC_PACKET_BASE + ((uint64_t)(o->packet_generation % GENERATIONS) << GENERATION_SHIFT);
    run->slots[BPFCC_SLOT_PACKET] = &o->packet;
    put_pointer(run, run->layout.data, run->packet_data);
    put_pointer(run, run->layout.data_end, run->packet_end);
    put_pointer(run, run->layout.data_meta, run->packet_meta);
    if (run->layout.length >= 0 && (uint32_t)run->layout.length + 4 <= run->context_size)
        bpfcc_put32(run->context + run->layout.length, run->packet_end - run->packet_data);
}

void bpfcc_packet_moved(struct bpfcc_run *run)
{
    /* Other guest addresses each time, so that a pointer from before traps, as Linux's verifier would refuse it. */
    run->outcome->packet_generation++;
    run->outcome->bytes_changed++;
    show_packet(run);
}

int bpfcc_run_set_packet(struct bpfcc_run *run, const uint8_t *bytes, uint32_t length)
{
    uint32_t headroom = run->outcome->packet_headroom;
    int error = bpfcc_packet_reserve(run, headroom, length);
    if (error)
        return error;
    memset(run->packet, 0, headroom); /* nothing of an earlier packet shows when this one grows */
    if (length)
        memcpy(run->packet + headroom, bytes, length);
    run->packet_meta = run->packet_data = headroom;
    run->packet_end = headroom + length;
    run->outcome->packet_generation = 0;
    run->outcome->network_offset = run->outcome->link_bytes;
    run->outcome->hash_valid = 0;
    show_packet(run);
    return 0;
}

void bpfcc_run_set_headroom(struct bpfcc_run *run, uint32_t bytes)
{
    run->outcome->packet_headroom = bytes < MAX_PACKET ? bytes : MAX_PACKET;
}

int bpfcc_run_set_user(struct bpfcc_run *run, uint32_t index, uint8_t *bytes, uint64_t size, int writable)
{
    struct bpfcc_outcome *o = run->outcome;
    if (index >= BPFCC_USER_REGIONS)
        return -BPFCC_EINVAL;
    if (size > (uint64_t)1 << BPFCC_SLOT_SHIFT)
        return -BPFCC_E2BIG;
    o->user[index] = (struct bpfcc_region){
        .host = size ? bytes : NULL, .base = (uint64_t)(BPFCC_SLOT_USER + index) << BPFCC_SLOT_SHIFT, .hi = size, .flags = writable ? BPFCC_REGION_WRITE : 0};
    run->slots[BPFCC_SLOT_USER + index] = size ? &o->user[index] : NULL;
    return 0;
}

void bpfcc_run_map_slots(struct bpfcc_run *run, struct bpfcc_bound_map *bound)
{
    for (uint32_t i = 0; i < bound->slots; i++)
        run->slots[bound->slot + i] = &bound->region;
}

static void enter(struct bpfcc_run *run)
{
    if (!run->outcome->entered) {
        run->outcome->ticket = bpfcc_run_enter();
        run->outcome->entered = 1;
    }
}

static void leave(struct bpfcc_run *run)
{
    if (run->outcome->entered) {
        bpfcc_run_leave(run->outcome->ticket);
        run->outcome->entered = 0;
    }
}

static int make_ready(struct bpfcc_run *run, uint64_t steps)
{
    struct bpfcc_outcome *o = run->outcome;
    uint32_t maps = atomic_load_explicit(&run->state->map_count, memory_order_acquire);
    if (run->checked && atomic_load_explicit(&run->state->maps_without_room, memory_order_relaxed))
        return -BPFCC_ENOSPC;
    while (o->maps_seen < maps)
        bpfcc_run_map_slots(run, bpfcc_bound(run->state, ++o->maps_seen));
    run->trap = BPFCC_TRAP_NONE;
    run->trap_size = 0;
    run->trap_address = 0;
    run->steps_left = steps;
    run->tail_calls = 0;
    run->tail_target = -1;
    run->depth = 0;
    o->redirect.kind = BPFCC_REDIRECT_NONE;
    o->overridden = 0;
    o->references = 0;
    o->bytes_changed = 0;
    o->ring_next = 0;
    o->stack.lo = (BPFCC_MAX_FRAMES - 1) * BPFCC_FRAME_BYTES; /* the frame's bytes are the back end's to clear */
    return 0;
}

static void settle(struct bpfcc_run *run)
{
    struct bpfcc_outcome *o = run->outcome;
    if (o->locks || o->references) {
        bpfcc_trap_at(run, BPFCC_TRAP_REFERENCE, 0, 0);
        bpfcc_release_all(run);
    }
    o->grant_count = 0;
    run->slots[BPFCC_SLOT_RING] = NULL;
}

int bpfcc_run_begin(struct bpfcc_run *run, uint64_t steps)
{
    int error = make_ready(run, steps);
    if (!error)
        enter(run);
    return error;
}

void bpfcc_run_end(struct bpfcc_run *run)
{
    settle(run);
    leave(run);
}

/* ---- what the context says of the packet ------------------------------------------------------------------------ */

/* The kernel's eth_type_trans: a number below 1536 is a length, and the frame IEEE 802.3's. In network order. */
static uint32_t link_protocol(const uint8_t *frame, uint32_t length)
{
    enum { LINK_BYTES = 14, FIRST_ETHERTYPE = 0x0600, RAW_802_3 = 0x0001, LLC_802_2 = 0x0004 };
    uint32_t type = (uint32_t)frame[12] << 8 | frame[13];
    if (type >= FIRST_ETHERTYPE)
        return (uint32_t)frame[13] << 8 | frame[12];
    int raw = length >= LINK_BYTES + 2 && frame[LINK_BYTES] == 0xff && frame[LINK_BYTES + 1] == 0xff;
    return (raw ? RAW_802_3 : LLC_802_2) << 8;
}

static uint32_t network_protocol(const uint8_t *packet, uint32_t length)
{
    uint32_t version = length ? packet[0] >> 4 : 0;
    return version == 4 ? 0x0008 : version == 6 ? 0xdd86 : 0;
}

/* To everyone, to a group, or (any other address is taken for the device's own) to this host. */
static uint32_t packet_type(const uint8_t *frame)
{
    enum { TO_HOST, TO_ALL, TO_GROUP };
    static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return !memcmp(frame, everyone, sizeof everyone) ? TO_ALL : frame[0] & 1 ? TO_GROUP : TO_HOST;
}

static void put_field(struct bpfcc_run *run, int32_t offset, uint32_t value)
{
    if (offset >= 0 && (uint32_t)offset + 4 <= run->context_size)
        bpfcc_put32(run->context + offset, value);
}

void bpfcc_run_describe_packet(struct bpfcc_run *run, const struct bpfcc_packet_fields *fields)
{
    enum { LINK_BYTES = 14 };
    const uint8_t *packet = run->packet + run->packet_data;
    uint32_t length = run->packet_end - run->packet_data;
    put_field(run, fields->wire_len, length);
    if (!fields->link) {
        put_field(run, fields->protocol, network_protocol(packet, length));
    } else if (length >= LINK_BYTES) {
        put_field(run, fields->protocol, link_protocol(packet, length));
        put_field(run, fields->pkt_type, packet_type(packet));
    }
}

/* ---- batches ------------------------------------------------------------------------------------------------- */

static int prepare_item(struct bpfcc_run *run, const struct bpfcc_batch *batch, const struct bpfcc_batch_item *item)
{
    if (batch->context_size) {
        memcpy(run->context, batch->context, batch->context_size);
        if (batch->ifindex_offset >= 0 && (uint32_t)batch->ifindex_offset + 4 <= run->context_size)
            bpfcc_put32(run->context + batch->ifindex_offset, item->ifindex);
    }
    if (item->time_ns)
        atomic_store_explicit(&run->state->clock_ns, item->time_ns, memory_order_relaxed);
    int error = bpfcc_run_set_packet(run, item->packet, item->length);
    if (error)
        return error;
    bpfcc_run_describe_packet(run, &batch->fields);
    return make_ready(run, batch->steps);
}

static void take_result(struct bpfcc_run *run, struct bpfcc_batch *batch, struct bpfcc_batch_item *item)
{
    item->steps = batch->steps - run->steps_left;
    item->trap = run->trap;
    item->trap_size = run->trap_size;
    item->trap_address = run->trap_address;
    item->redirect = run->outcome->redirect;
}

static void take_packet(struct bpfcc_run *run, struct bpfcc_batch *batch, struct bpfcc_batch_item *item)
{
    item->out_length = run->packet_end - run->packet_data;
    item->out_offset = batch->out_used;
    item->copied = 0;
    if (batch->out && item->out_length > batch->out_capacity - batch->out_used) {
        batch->out_full = 1;
    } else if (batch->out) {
        memcpy(batch->out + batch->out_used, run->packet + run->packet_data, item->out_length);
        batch->out_used += item->out_length;
        item->copied = 1;
    }
}

static struct bpfcc_batch_item item_of(const struct bpfcc_batch_lists *lists, uint64_t at)
{
    return (struct bpfcc_batch_item){
        .packet = lists->packets, .length = lists->lengths[at], .ifindex = lists->ifindexes ? lists->ifindexes[at] : lists->ifindex,
        .time_ns = lists->times_ns ? lists->times_ns[at] : 0};
}

static int packet_is(const struct bpfcc_run *run, const uint8_t *packet, uint64_t length)
{
    return run->packet_end - run->packet_data == length && (!length || !memcmp(run->packet + run->packet_data, packet, length));
}

/* One element of each list that is wanted. */
static void list_result(struct bpfcc_run *run, struct bpfcc_batch *batch, struct bpfcc_batch_item *item)
{
    struct bpfcc_batch_lists *lists = batch->lists;
    uint64_t at = lists->first + batch->done;
    lists->results[at] = item->result;
    lists->packets += item->length;
    if (lists->steps)
        lists->steps[at] = batch->steps - run->steps_left;
    if (lists->ns)
        lists->ns[at] = item->ns;
    if (run->trap || run->outcome->redirect.kind)
        lists->notes[lists->note_count++] = (struct bpfcc_batch_note){
            .index = at, .trap = run->trap, .trap_size = run->trap_size, .trap_address = run->trap_address, .redirect = run->outcome->redirect};
    if (lists->out_lengths && packet_is(run, item->packet, item->length)) {
        lists->out_lengths[at] = BPFCC_SAME_PACKET;
    } else if (lists->out_lengths) {
        take_packet(run, batch, item);
        lists->out_lengths[at] = item->out_length;
        lists->changed++;
    }
}

static uint64_t run_item(struct bpfcc_run *run, bpfcc_entry entry, int timed, uint64_t *ns)
{
    if (!timed)
        return entry(run);
    uint64_t before = bpfcc_clock_ns(), result = entry(run);
    *ns = bpfcc_clock_ns() - before;
    return result;
}

int bpfcc_run_batch(struct bpfcc_run *run, bpfcc_entry entry, struct bpfcc_batch *batch)
{
    int error = 0;
    if (batch->context_size > run->context_size)
        return -BPFCC_EINVAL;
    uint64_t start = bpfcc_clock_ns();
    batch->out_used = batch->done = 0;
    batch->out_full = 0;
    if (batch->lists)
        batch->lists->note_count = batch->lists->changed = 0;
    while (batch->done < batch->count) {
        struct bpfcc_batch_item one, *item = batch->lists ? &one : &batch->items[batch->done];
        if (batch->lists)
            one = item_of(batch->lists, batch->lists->first + batch->done);
        if (run->stop && *(const volatile int32_t *)run->stop)
            break;
        error = prepare_item(run, batch, item);
        if (error)
            break;
        enter(run);
        item->result = run_item(run, entry, batch->time_each, &item->ns);
        settle(run);
        if (batch->lists) {
            list_result(run, batch, item);
        } else {
            take_result(run, batch, item);
            take_packet(run, batch, item);
        }
        batch->done++;
        if (batch->done % 64 == 0)
            leave(run); /* deleted map values are free again from time to time */
        if ((batch->stop_on_trap && run->trap) || batch->out_full)
            break;
    }
    leave(run);
    batch->total_ns = bpfcc_clock_ns() - start;
    return error;
}

uint32_t bpfcc_longest(const uint32_t *lengths, uint64_t count, uint64_t *total)
{
    uint32_t longest = 0;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        longest = lengths[i] > longest ? lengths[i] : longest;
        sum += lengths[i];
    }
    *total = sum;
    return longest;
}

struct saved {
    uint8_t *context, *packet;
    uint32_t meta, data, end;
};

static void restore(struct bpfcc_run *run, const struct saved *saved)
{
    if (run->context_size)
        memcpy(run->context, saved->context, run->context_size);
    if (run->packet) {
        memset(run->packet, 0, saved->meta);
        memcpy(run->packet + saved->meta, saved->packet, saved->end - saved->meta);
        run->packet_meta = saved->meta;
        run->packet_data = saved->data;
        run->packet_end = saved->end;
        run->outcome->packet_generation = 0;
        run->outcome->network_offset = run->outcome->link_bytes;
        run->outcome->hash_valid = 0;
        show_packet(run);
    }
}

uint64_t bpfcc_run_repeat(struct bpfcc_run *run, bpfcc_entry entry, uint64_t repeat, uint64_t steps, uint64_t *ns)
{
    struct saved saved = {.meta = run->packet_meta, .data = run->packet_data, .end = run->packet_end};
    uint64_t result = 0, length = saved.end - saved.meta, start;
    *ns = 0;
    saved.context = malloc((size_t)run->context_size + length + 1);
    if (!saved.context) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, 0, 0);
        return 0;
    }
    saved.packet = saved.context + run->context_size;
    if (run->context_size)
        memcpy(saved.context, run->context, run->context_size);
    if (length)
        memcpy(saved.packet, run->packet + saved.meta, length);
    start = bpfcc_clock_ns();
    for (uint64_t i = 0; i < repeat; i++) {
        if (i)
            restore(run, &saved);
        if (make_ready(run, steps)) {
            bpfcc_trap_at(run, BPFCC_TRAP_HELPER, 0, 0);
            break;
        }
        enter(run);
        result = entry(run);
        settle(run);
        if (i % 64 == 63)
            leave(run);
        if (run->trap)
            break;
        if (run->stop && *(const volatile int32_t *)run->stop) {
            bpfcc_trap_at(run, BPFCC_TRAP_STOPPED, 0, 0);
            break;
        }
    }
    *ns = bpfcc_clock_ns() - start;
    leave(run);
    free(saved.context);
    return result;
}

int bpfcc_run_once(struct bpfcc_call *call, const uint8_t *packet, uint64_t length)
{
    struct bpfcc_run *run = call->run;
    call->error = bpfcc_run_set_context(run, call->context, call->context_size, call->readable, call->writable);
    if (!call->error)
        call->error = length > MAX_PACKET ? -BPFCC_E2BIG : bpfcc_run_set_packet(run, packet, (uint32_t)length);
    if (!call->error) {
        bpfcc_run_describe_packet(run, &call->fields);
        call->error = make_ready(run, call->budget);
    }
    if (call->error)
        return 1;
    enter(run);
    uint64_t start = bpfcc_clock_ns();
    call->result = call->entry(run);
    call->ns = (double)(bpfcc_clock_ns() - start);
    settle(run);
    leave(run);
    call->steps = call->budget - run->steps_left;
    call->trap = run->trap;
    call->redirect = run->outcome->redirect.kind;
    call->same = (uint32_t)packet_is(run, packet, length);
    if (call->context_size)
        memcpy(call->context_after, run->context, call->context_size);
    return call->trap || call->redirect || !call->same;
}
