/* Bytes as people and JSON read them, by the shapes that the emitted file has of them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* ---- text that grows ------------------------------------------------------------------------------------------------------- */

static void make_room(struct text *text, size_t more)
{
    if (text->length + more + 1 <= text->room)
        return;
    text->room = 2 * text->room + more + 64;
    text->bytes = grown(text->bytes, text->room, 1);
}

void text_add(struct text *text, const char *format, ...)
{
    va_list list, again;
    int length;
    va_start(list, format);
    va_copy(again, list);
    length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    make_room(text, (size_t)length);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->length += (size_t)length;
}

void text_byte(struct text *text, char byte)
{
    make_room(text, 1);
    text->bytes[text->length++] = byte;
    text->bytes[text->length] = 0;
}

void text_hex(struct text *text, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    make_room(text, 2 * count);
    for (size_t i = 0; i < count; i++) {
        text_byte(text, digits[bytes[i] >> 4]);
        text_byte(text, digits[bytes[i] & 15]);
    }
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

const char *with_commas(uint64_t value, char room[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, value), out = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            room[out++] = ',';
        room[out++] = digits[i];
    }
    room[out] = 0;
    return room;
}

/* The length of the UTF-8 character that begins here, 0 where none does. */
static size_t character(const char *bytes, size_t length)
{
    uint8_t first = (uint8_t)bytes[0];
    size_t count = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
    uint8_t second = count > 1 && length > 1 ? (uint8_t)bytes[1] : 0;
    if (!count || count > length)
        return 0;
    for (size_t i = 1; i < count; i++)
        if (((uint8_t)bytes[i] & 0xc0) != 0x80)
            return 0;
    /* Longer forms than needed, halves of surrogate pairs, and what is beyond the last. */
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90))
        return 0;
    return count;
}

void json_string(struct text *out, const char *bytes, size_t length)
{
    text_byte(out, '"');
    for (size_t i = 0; i < length;) {
        size_t count = character(bytes + i, length - i);
        if (!count) {
            text_add(out, "\\ufffd");
            i++;
        } else if (count == 1 && ((uint8_t)bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\' || bytes[i] == 0x7f)) {
            text_add(out, "\\u%04x", (unsigned)bytes[i]);
            i++;
        } else {
            for (; count; count--)
                text_byte(out, bytes[i++]);
        }
    }
    text_byte(out, '"');
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------------- */

static uint64_t little(const uint8_t *bytes, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = size < 8 ? size : 8; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

static uint64_t big(const uint8_t *bytes, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint64_t bits(const uint8_t *bytes, uint32_t offset, uint32_t count)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < count && i < 64; i++)
        value |= (uint64_t)(bytes[(offset + i) / 8] >> (offset + i) % 8 & 1) << i;
    return value;
}

static int64_t with_sign(uint64_t value, uint32_t size)
{
    unsigned unused = size < 8 ? 64 - 8 * size : 0;
    return (int64_t)(value << unused) >> unused;
}

/* The number of a node, and whether it is to be read as a signed one. */
static uint64_t number_of(const struct bpfcc_shape *shape, const uint8_t *bytes, bool *is_signed)
{
    *is_signed = shape->kind == BPFCC_SHAPE_SIGNED || ((shape->kind == BPFCC_SHAPE_ENUM || shape->kind == BPFCC_SHAPE_BOOL) && shape->is_signed);
    if (shape->kind == BPFCC_SHAPE_BITS)
        return bits(bytes, shape->offset, shape->count);
    if (shape->kind == BPFCC_SHAPE_BIG_ENDIAN)
        return big(bytes, shape->size);
    if (*is_signed)
        return (uint64_t)with_sign(little(bytes, shape->size), shape->size);
    return little(bytes, shape->size);
}

static const char *enumerator(const struct bpfcc_shape *shape, uint64_t value)
{
    for (uint32_t i = 0; i < shape->name_count; i++)
        if ((uint64_t)shape->names[i].value == value)
            return shape->names[i].name;
    return NULL;
}

/* ---- addresses ---------------------------------------------------------------------------------------------------------------- */

static void show_ipv4(struct text *out, const uint8_t *bytes)
{
    text_add(out, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

static bool is_mapped(const uint8_t *bytes)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return !memcmp(bytes, prefix, sizeof prefix);
}

/* RFC 5952: the longest row of zeros is left out, the first of several. */
static void show_ipv6(struct text *out, const uint8_t *bytes)
{
    unsigned best = 8, best_length = 1;
    for (unsigned i = 0; i < 8; i++) {
        unsigned length = 0;
        while (i + length < 8 && !bytes[2 * (i + length)] && !bytes[2 * (i + length) + 1])
            length++;
        if (length > best_length) {
            best = i;
            best_length = length;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == best) {
            text_add(out, "::");
            i += best_length - 1;
            continue;
        }
        if (i && i != best + best_length)
            text_byte(out, ':');
        text_add(out, "%x", (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1]);
    }
}

static void show_address(struct text *out, const uint8_t *bytes, uint32_t size)
{
    if (size == 4)
        show_ipv4(out, bytes);
    else if (is_mapped(bytes))
        show_ipv4(out, bytes + 12);
    else
        show_ipv6(out, bytes);
}

static void show_prefix(struct text *out, const uint8_t *bytes, uint32_t size)
{
    uint32_t length = (uint32_t)little(bytes, 4), data = size - 4;
    if (data == 16 && length >= 96 && is_mapped(bytes + 4)) {
        show_ipv4(out, bytes + 16);
        length -= 96;
    } else if (data == 4 || data == 16) {
        if (data == 4)
            show_ipv4(out, bytes + 4);
        else
            show_ipv6(out, bytes + 4);
    } else {
        text_add(out, "0x");
        text_hex(out, bytes + 4, data);
    }
    text_add(out, "/%u", length);
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

struct bpfcc_shape plain_shape(uint32_t size)
{
    bool number = size == 1 || size == 2 || size == 4 || size == 8;
    return (struct bpfcc_shape){.kind = number ? BPFCC_SHAPE_UNSIGNED : BPFCC_SHAPE_BYTES, .size = size, .nodes = 1};
}

const struct bpfcc_shape *shape_of(const struct bpfcc_shape *known, uint32_t size, struct bpfcc_shape *room)
{
    if (known && known->size == size)
        return known;
    *room = plain_shape(size);
    return room;
}

/* Of a member: bits count from the start of the whole structure. */
static const uint8_t *inside(const struct bpfcc_shape *member, const uint8_t *bytes)
{
    return member->kind == BPFCC_SHAPE_BITS ? bytes : bytes + member->offset;
}

static size_t text_length(const struct bpfcc_shape *shape, const uint8_t *bytes, bool *printable)
{
    size_t length = 0;
    while (length < shape->size && bytes[length] >= 32 && bytes[length] < 127)
        length++;
    *printable = length == shape->size || !bytes[length];
    return length;
}

static void show_string(struct text *out, const struct bpfcc_shape *shape, const uint8_t *bytes, bool json)
{
    bool printable;
    size_t length = text_length(shape, bytes, &printable);
    if (json && shape->kind == BPFCC_SHAPE_TEXT && printable) {
        json_string(out, (const char *)bytes, length);
        return;
    }
    if (json)
        text_byte(out, '"');
    if (shape->kind == BPFCC_SHAPE_ADDRESS)
        show_address(out, bytes, shape->size);
    else if (shape->kind == BPFCC_SHAPE_PREFIX)
        show_prefix(out, bytes, shape->size);
    else if (shape->kind == BPFCC_SHAPE_TEXT && printable)
        text_add(out, "%.*s", (int)length, (const char *)bytes);
    else
        text_hex(out, bytes, shape->size);
    if (json)
        text_byte(out, '"');
}

static void show_number(struct text *out, const struct bpfcc_shape *shape, const uint8_t *bytes, bool json)
{
    bool is_signed;
    uint64_t value = number_of(shape, bytes, &is_signed);
    const char *name = shape->kind == BPFCC_SHAPE_ENUM ? enumerator(shape, value) : NULL;
    if (name && json)
        json_string(out, name, strlen(name));
    else if (name)
        text_add(out, "%s", name);
    else if (shape->kind == BPFCC_SHAPE_BOOL && value < 2)
        text_add(out, "%s", json ? (value ? "true" : "false") : value ? "yes" : "no");
    else if (is_signed)
        text_add(out, "%" PRId64, (int64_t)value);
    else
        text_add(out, "%" PRIu64, value);
}

static void show_float(struct text *out, const struct bpfcc_shape *shape, const uint8_t *bytes)
{
    double value;
    float narrow;
    if (shape->size == 4) {
        memcpy(&narrow, bytes, 4);
        value = (double)narrow;
    } else {
        memcpy(&value, bytes, 8);
    }
    if (value != value || value > 1.7976931348623157e308 || value < -1.7976931348623157e308)
        text_add(out, "%s", value != value ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    else
        text_add(out, "%.17g", value);
}

static void show_inside(struct text *out, const struct bpfcc_shape *shape, const uint8_t *bytes, bool json)
{
    const struct bpfcc_shape *member = shape + 1;
    bool array = shape->kind == BPFCC_SHAPE_ARRAY;
    if (json || !array)
        text_byte(out, array ? '[' : '{');
    for (uint32_t i = 0; i < shape->count; i++) {
        if (i)
            text_add(out, ", ");
        if (!array && json) {
            json_string(out, member->name, strlen(member->name));
            text_add(out, ": ");
        } else if (!array) {
            text_add(out, "%s: ", member->name);
        }
        show_value(out, member, array ? bytes + (size_t)i * member->size : inside(member, bytes), json);
        if (!array)
            member += member->nodes;
    }
    if (json || !array)
        text_byte(out, array ? ']' : '}');
}

void show_value(struct text *out, const struct bpfcc_shape *shape, const uint8_t *bytes, bool json)
{
    switch (shape->kind) {
    case BPFCC_SHAPE_STRUCT:
    case BPFCC_SHAPE_ARRAY:
        show_inside(out, shape, bytes, json);
        break;
    case BPFCC_SHAPE_FLOAT:
        show_float(out, shape, bytes);
        break;
    case BPFCC_SHAPE_ADDRESS:
    case BPFCC_SHAPE_PREFIX:
    case BPFCC_SHAPE_TEXT:
    case BPFCC_SHAPE_BYTES:
        show_string(out, shape, bytes, json);
        break;
    default:
        show_number(out, shape, bytes, json);
    }
}

bool shows_number(const struct bpfcc_shape *shape)
{
    switch (shape->kind) {
    case BPFCC_SHAPE_UNSIGNED:
    case BPFCC_SHAPE_SIGNED:
    case BPFCC_SHAPE_BOOL:
    case BPFCC_SHAPE_BIG_ENDIAN:
    case BPFCC_SHAPE_BITS:
        return true;
    default:
        return false;
    }
}

bool shows_nothing(const struct bpfcc_shape *shape, const uint8_t *bytes)
{
    const struct bpfcc_shape *member = shape + 1;
    bool is_signed;
    switch (shape->kind) {
    case BPFCC_SHAPE_STRUCT:
        for (uint32_t i = 0; i < shape->count; i++, member += member->nodes)
            if (!shows_nothing(member, inside(member, bytes)))
                return false;
        return true;
    case BPFCC_SHAPE_ARRAY:
        for (uint32_t i = 0; i < shape->count; i++)
            if (!shows_nothing(member, bytes + (size_t)i * member->size))
                return false;
        return true;
    case BPFCC_SHAPE_TEXT:
        return !bytes[0];
    case BPFCC_SHAPE_ADDRESS:
    case BPFCC_SHAPE_BYTES:
    case BPFCC_SHAPE_PREFIX:
    case BPFCC_SHAPE_FLOAT:
        for (uint32_t i = 0; i < shape->size; i++)
            if (bytes[i])
                return false;
        return true;
    case BPFCC_SHAPE_ENUM:
        return !number_of(shape, bytes, &is_signed) && !enumerator(shape, 0);
    default:
        return !number_of(shape, bytes, &is_signed);
    }
}

static bool find_number(const struct bpfcc_shape *shape, const uint8_t *bytes, uint64_t *out)
{
    const struct bpfcc_shape *member = shape + 1;
    bool is_signed;
    if (shows_number(shape)) {
        *out = number_of(shape, bytes, &is_signed);
        return true;
    }
    for (uint32_t i = 0; shape->kind == BPFCC_SHAPE_STRUCT && i < shape->count; i++, member += member->nodes)
        if (find_number(member, inside(member, bytes), out))
            return true;
    return false;
}

uint64_t first_number(const struct bpfcc_shape *shape, const uint8_t *bytes)
{
    uint64_t found = 0;
    find_number(shape, bytes, &found);
    return found;
}

/* ---- entries of maps ------------------------------------------------------------------------------------------------------------ */

enum {
    TYPE_PROG_ARRAY = 3,
    TYPE_PERF_EVENT_ARRAY = 4,
    TYPE_STACK_TRACE = 7,
    TYPE_CGROUP_ARRAY = 8,
    TYPE_QUEUE = 22,
    TYPE_STACK = 23,
    TYPE_RINGBUF = 27,
    TYPE_BLOOM_FILTER = 30,
    READ_AT_ONCE = 64,
};

static bool has_entries(uint32_t type)
{
    return type != TYPE_PROG_ARRAY && type != TYPE_PERF_EVENT_ARRAY && type != TYPE_STACK_TRACE && type != TYPE_CGROUP_ARRAY &&
           type != TYPE_RINGBUF && type != TYPE_BLOOM_FILTER;
}

static void more_room(struct entries *entries, size_t count)
{
    entries->keys = grown(entries->keys, count + 1, (size_t)entries->key_bytes + 1);
    entries->values = grown(entries->values, count + 1, (size_t)entries->value_bytes + 1);
}

static void read_queue(struct entries *entries, const struct host_map *map)
{
    uint64_t cursor = 0;
    void *value = NULL;
    entries->value_bytes = map->info->value_size;
    while (entries->count < MOST_ENTRIES && !bpfcc_map_each(map->map, &cursor, NULL, &value, 0)) {
        if (entries->count % READ_AT_ONCE == 0)
            more_room(entries, entries->count + READ_AT_ONCE);
        memcpy(entries->values + entries->count++ * entries->value_bytes, value, entries->value_bytes);
    }
}

static void read_keyed(struct entries *entries, const struct host_map *map)
{
    uint64_t cursor = 0;
    int found = 1;
    entries->key_bytes = bpfcc_map_key_bytes(map->map);
    entries->value_bytes = (uint32_t)bpfcc_map_value_bytes(map->map);
    for (size_t room = 0; found > 0 && entries->count < MOST_ENTRIES; entries->count += (size_t)(found > 0 ? found : 0)) {
        if (room < entries->count + READ_AT_ONCE) {
            room = 2 * room + READ_AT_ONCE;
            more_room(entries, room);
        }
        found = bpfcc_map_batch(map->map, &cursor, entries->keys + entries->count * entries->key_bytes,
                                entries->values + entries->count * entries->value_bytes, READ_AT_ONCE);
    }
    if (entries->count > MOST_ENTRIES)
        entries->count = MOST_ENTRIES;
}

static const struct entries *sorting; /* what `compare` is about */

static int compare(const void *first, const void *second)
{
    size_t one = *(const size_t *)first, other = *(const size_t *)second;
    uint32_t size = sorting->key_bytes;
    const uint8_t *a = sorting->keys + one * size, *b = sorting->keys + other * size;
    if (size == 1 || size == 2 || size == 4 || size == 8) {
        uint64_t x = little(a, size), y = little(b, size);
        return x < y ? -1 : x > y;
    }
    return memcmp(a, b, size);
}

void entries_read(struct entries *entries, const struct host_map *map)
{
    uint32_t type = map->info->type;
    *entries = (struct entries){.shown = has_entries(type), .keyed = type != TYPE_QUEUE && type != TYPE_STACK};
    if (!entries->shown)
        return;
    if (entries->keyed)
        read_keyed(entries, map);
    else
        read_queue(entries, map);
    entries->order = grown(NULL, entries->count + 1, sizeof *entries->order);
    for (size_t i = 0; i < entries->count; i++)
        entries->order[i] = i;
    sorting = entries;
    if (entries->keyed)
        qsort(entries->order, entries->count, sizeof *entries->order, compare);
}

void entries_free(struct entries *entries)
{
    free(entries->keys);
    free(entries->values);
    free(entries->order);
}
