/* Captures: pcap (either byte order, micro- and nanoseconds) and pcapng. Nothing is read that the file does not have, and no length
 * is believed: what is cut off or does not fit is an error with its offset. */
#if !defined(_WIN32)
#define _POSIX_C_SOURCE 200809L
#endif
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host.h"

enum {
    ETHERNET = 1,
    MOST_PACKET_BYTES = 262144,
    MOST_BLOCK_BYTES = 16 << 20,
    SECTION_BLOCK = 0x0a0d0d0a,
    INTERFACE_BLOCK = 1,
    OLD_PACKET_BLOCK = 2,
    SIMPLE_BLOCK = 3,
    ENHANCED_BLOCK = 6,
    OPTION_RESOLUTION = 9,
    OPTION_OFFSET = 14,
};
static const uint64_t SECOND = 1000000000;

/* ---- files --------------------------------------------------------------------------------------------------------------- */

uint8_t *file_read(const char *name, size_t most, size_t *size)
{
    FILE *stream = fopen(name, "rb");
    size_t room = 1 << 16, used = 0, got;
    uint8_t *bytes;
    struct stat status;
    if (!stream)
        fail(STATUS_INPUT, "%s: cannot be read: %s", name, strerror(errno));
    if (!stat(name, &status) && status.st_size > 0 && (uint64_t)status.st_size < most)
        room = (size_t)status.st_size + 1;
    bytes = grown(NULL, room, 1);
    while ((got = fread(bytes + used, 1, room - used, stream)) > 0) {
        used += got;
        if (used > most)
            fail(STATUS_INPUT, "%s: more than %zu bytes", name, most);
        if (used == room) {
            room *= 2;
            bytes = grown(bytes, room, 1);
        }
    }
    if (ferror(stream))
        fail(STATUS_INPUT, "%s: cannot be read: %s", name, strerror(errno));
    fclose(stream);
    *size = used;
    return bytes;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

struct interface {
    uint32_t link_type, snap_bytes;
    uint64_t units_per_second;
    int64_t offset_seconds;
};
struct reader {
    struct capture *capture;
    size_t at, room;
    bool big; /* the file's numbers, not this machine's */
    struct interface *interfaces;
    size_t interface_count;
};
struct block {
    uint32_t kind;
    const uint8_t *body;
    size_t size, at;
};

#define WRONG(reader, offset, ...) wrong(reader, offset, __VA_ARGS__)

__attribute__((format(printf, 3, 4))) static _Noreturn void wrong(const struct reader *reader, size_t offset, const char *format, ...)
{
    char message[200];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    fail(STATUS_INPUT, "%s: offset 0x%zx: %s", reader->capture->name, offset, message);
}

static uint32_t get16(const struct reader *reader, const uint8_t *p)
{
    return reader->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t get32(const struct reader *reader, const uint8_t *p)
{
    return reader->big ? get16(reader, p) << 16 | get16(reader, p + 2) : get16(reader, p + 2) << 16 | get16(reader, p);
}

static uint64_t get64(const struct reader *reader, const uint8_t *p)
{
    uint64_t first = get32(reader, p), second = get32(reader, p + 4);
    return reader->big ? first << 32 | second : second << 32 | first;
}

static size_t left(const struct reader *reader)
{
    return reader->capture->file_size - reader->at;
}

static const uint8_t *take(struct reader *reader, size_t count, const char *what)
{
    const uint8_t *found = reader->capture->file + reader->at;
    if (left(reader) < count)
        WRONG(reader, reader->at, "%s is cut off: %zu of %zu bytes", what, left(reader), count);
    reader->at += count;
    return found;
}

static void add_packet(struct reader *reader, const uint8_t *bytes, uint32_t length, uint64_t time_ns)
{
    struct capture *capture = reader->capture;
    if (capture->count == reader->room) {
        reader->room = reader->room ? 2 * reader->room : 1024;
        capture->packets = grown(capture->packets, reader->room, sizeof *capture->packets);
    }
    capture->packets[capture->count++] = (struct packet){bytes, length, time_ns};
}

static void read_pcap(struct reader *reader, uint64_t unit_ns, size_t extra)
{
    const uint8_t *head = take(reader, 20, "the file header");
    uint32_t major = get16(reader, head);
    if (major != 2)
        WRONG(reader, 4, "pcap version %u", major);
    reader->capture->link_type = get32(reader, head + 16) & 0xffff;
    while (left(reader)) {
        size_t at = reader->at;
        const uint8_t *packet;
        uint32_t captured;
        reader->at++;
        head = take(reader, 15 + extra, "a packet header") - 1;
        captured = get32(reader, head + 8);
        if (captured > MOST_PACKET_BYTES)
            WRONG(reader, at, "a packet of %u bytes", captured);
        packet = take(reader, captured, "a packet");
        add_packet(reader, packet, captured, get32(reader, head) * SECOND + get32(reader, head + 4) * unit_ns);
    }
}

/* The byte order of a section comes with its magic; interfaces count from 0 again. */
static void start_section(struct reader *reader)
{
    const uint8_t *magic = take(reader, 4, "a section header");
    if (!memcmp(magic, "\x4d\x3c\x2b\x1a", 4))
        reader->big = false;
    else if (!memcmp(magic, "\x1a\x2b\x3c\x4d", 4))
        reader->big = true;
    else
        WRONG(reader, reader->at - 4, "a section header without its byte-order magic");
    reader->interface_count = 0;
}

static bool next_block(struct reader *reader, struct block *block)
{
    size_t at = reader->at, consumed;
    const uint8_t *head;
    uint32_t total;
    if (!left(reader))
        return false;
    if (left(reader) < 4)
        WRONG(reader, at, "a block is cut off: %zu of 4 bytes", left(reader));
    head = take(reader, 4, "a block");
    take(reader, 4, "a block");
    if (!memcmp(head, "\n\r\r\n", 4))
        start_section(reader);
    total = get32(reader, head + 4);
    if (total % 4 || total < 12 || total > MOST_BLOCK_BYTES)
        WRONG(reader, at, "a block of %u bytes", total);
    consumed = reader->at - at;
    if (total < consumed + 4)
        WRONG(reader, at, "a section header of %u bytes", total);
    block->kind = get32(reader, head);
    block->at = at;
    block->body = take(reader, total - consumed, "a block");
    block->size = total - consumed - 4;
    if (get32(reader, block->body + block->size) != total)
        WRONG(reader, at, "the two lengths of a block differ");
    return true;
}

static uint64_t resolution(const struct reader *reader, uint8_t value, size_t at)
{
    unsigned exponent = value & 0x7f;
    uint64_t units = 1;
    if (exponent > (value & 0x80 ? 63u : 19u))
        WRONG(reader, at, "a time resolution of %s^-%u", value & 0x80 ? "2" : "10", exponent);
    for (unsigned i = 0; i < exponent; i++)
        units *= value & 0x80 ? 2 : 10;
    return units;
}

static void read_interface(struct reader *reader, const struct block *block)
{
    struct interface found = {.units_per_second = 1000000};
    size_t position = 8;
    if (block->size < 8)
        WRONG(reader, block->at, "an interface description is too short");
    found.link_type = get16(reader, block->body);
    found.snap_bytes = get32(reader, block->body + 4);
    while (position + 4 <= block->size) {
        uint32_t code = get16(reader, block->body + position), length = get16(reader, block->body + position + 2);
        const uint8_t *value = block->body + position + 4;
        if (!code)
            break;
        if (block->size - position - 4 < length)
            WRONG(reader, block->at, "an option is cut off");
        if (code == OPTION_RESOLUTION && length == 1)
            found.units_per_second = resolution(reader, value[0], block->at);
        else if (code == OPTION_OFFSET && length == 8)
            found.offset_seconds = (int64_t)get64(reader, value);
        position += 4 + (size_t)(length + 3) / 4 * 4;
    }
    reader->interfaces = grown(reader->interfaces, reader->interface_count + 1, sizeof found);
    reader->interfaces[reader->interface_count++] = found;
}

__extension__ typedef __int128 wide;

static uint64_t time_of(const struct reader *reader, const struct block *block, const struct interface *interface, uint64_t units)
{
    wide found = (wide)units * (wide)SECOND / (wide)interface->units_per_second + (wide)interface->offset_seconds * (wide)SECOND;
    if (found < 0 || found > (wide)UINT64_MAX)
        WRONG(reader, block->at, "a time that 64 bits of nanoseconds since 1970 do not hold");
    return (uint64_t)found;
}

static void read_packet(struct reader *reader, const struct block *block)
{
    size_t head = block->kind == SIMPLE_BLOCK ? 4 : 20;
    const uint8_t *body = block->body;
    uint32_t number = 0, captured;
    uint64_t units = 0;
    const struct interface *interface;
    if (block->size < head)
        WRONG(reader, block->at, "a packet block is too short");
    if (block->kind == SIMPLE_BLOCK) {
        captured = get32(reader, body);
    } else {
        number = block->kind == ENHANCED_BLOCK ? get32(reader, body) : get16(reader, body);
        units = (uint64_t)get32(reader, body + 4) << 32 | get32(reader, body + 8);
        captured = get32(reader, body + 12);
    }
    if (number >= reader->interface_count)
        WRONG(reader, block->at, "a packet of interface %u, which is not described", number);
    interface = &reader->interfaces[number];
    if (block->kind == SIMPLE_BLOCK && interface->snap_bytes && captured > interface->snap_bytes)
        captured = interface->snap_bytes;
    if (captured > MOST_PACKET_BYTES || captured > block->size - head)
        WRONG(reader, block->at, "a packet of %u bytes in a block of %zu", captured, block->size + 12);
    if (interface->link_type != reader->capture->link_type)
        fail(STATUS_UNSUPPORTED, "%s: interfaces of link types %u and %u in one capture", reader->capture->name, reader->capture->link_type,
             interface->link_type);
    add_packet(reader, body + head, captured, time_of(reader, block, interface, units));
}

static void read_pcapng(struct reader *reader)
{
    struct block block;
    bool started = false;
    reader->capture->link_type = ETHERNET;
    while (next_block(reader, &block)) {
        bool is_packet = block.kind == ENHANCED_BLOCK || block.kind == OLD_PACKET_BLOCK || block.kind == SIMPLE_BLOCK;
        if (block.kind == INTERFACE_BLOCK) {
            read_interface(reader, &block);
            if (!started)
                reader->capture->link_type = reader->interfaces[0].link_type;
            started = true;
        } else if (is_packet && !started) {
            WRONG(reader, block.at, "a packet before any interface description");
        } else if (is_packet) {
            read_packet(reader, &block);
        }
    }
}

static const struct {
    uint32_t magic; /* read as little-endian */
    bool big;
    uint32_t unit_ns, extra;
} pcap_magics[] = {
    {0xa1b2c3d4, false, 1000, 0}, {0xd4c3b2a1, true, 1000, 0}, {0xa1b23c4d, false, 1, 0},
    {0x4d3cb2a1, true, 1, 0}, {0xa1b2cd34, false, 1000, 8}, {0x34cdb2a1, true, 1000, 8},
};

void capture_read(struct capture *capture, const char *name)
{
    struct reader reader = {.capture = capture};
    *capture = (struct capture){.name = name};
    capture->file = file_read(name, SIZE_MAX, &capture->file_size);
    if (capture->file_size >= 4 && !memcmp(capture->file, "\n\r\r\n", 4)) {
        capture->is_pcapng = true;
        read_pcapng(&reader);
        free(reader.interfaces);
        return;
    }
    for (size_t i = 0; capture->file_size >= 4 && i < sizeof pcap_magics / sizeof *pcap_magics; i++)
        if (get32(&reader, capture->file) == pcap_magics[i].magic) {
            reader.big = pcap_magics[i].big;
            reader.at = 4;
            read_pcap(&reader, pcap_magics[i].unit_ns, pcap_magics[i].extra);
            return;
        }
    WRONG(&reader, 0, "neither pcap nor pcapng: it starts with neither's magic number");
}

void capture_free(struct capture *capture)
{
    free(capture->packets);
    free(capture->file);
}

/* ---- writing: times in nanoseconds, little-endian on every machine ------------------------------------------------------- */

static const struct writer *unfinished; /* its file goes when the process ends before it is whole */

static void remove_unfinished(void)
{
    if (unfinished)
        remove(unfinished->temporary);
}

static void put(struct writer *writer, const void *bytes, size_t count)
{
    if (fwrite(bytes, 1, count, writer->stream) != count)
        fail(STATUS_INPUT, "%s: cannot be written: %s", writer->name, strerror(errno));
}

static void put32s(struct writer *writer, const uint32_t *words, size_t count)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < count; i++) {
        bpfcc_put32(bytes, words[i]);
        put(writer, bytes, 4);
    }
}
#define PUT(writer, ...) put32s(writer, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), count = strlen(end);
    if (length < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        char c = text[length - count + i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c) != end[i])
            return false;
    }
    return true;
}

static bool same_file(const char *one, const char *other)
{
    struct stat first, second;
    return !stat(one, &first) && !stat(other, &second) && first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}

/* A device or a pipe, which no other file should take the place of. */
static bool is_special(const char *name)
{
    struct stat status;
    return !stat(name, &status) && !S_ISREG(status.st_mode);
}

void writer_open(struct writer *writer, const char *name, const struct capture *like)
{
    size_t length = strlen(name);
    *writer = (struct writer){.name = name, .is_pcapng = like->is_pcapng};
    if (same_file(name, like->name))
        fail(STATUS_INPUT, "%s: --pcap-out would overwrite the capture that is read", name);
    if (ends_with(name, ".pcapng") || ends_with(name, ".ntar"))
        writer->is_pcapng = true;
    else if (ends_with(name, ".pcap") || ends_with(name, ".cap"))
        writer->is_pcapng = false;
    if (is_special(name)) {
        writer->stream = fopen(name, "wb");
    } else {
        writer->temporary = grown(NULL, length + 9, 1);
        memcpy(writer->temporary, name, length);
        memcpy(writer->temporary + length, ".partial", 9);
        remove(writer->temporary);
        writer->stream = fopen(writer->temporary, "wbx");
    }
    if (!writer->stream)
        fail(STATUS_INPUT, "%s: cannot be written: %s", name, strerror(errno));
    if (writer->temporary) {
        unfinished = writer;
        atexit(remove_unfinished);
    }
    if (writer->is_pcapng) {
        PUT(writer, SECTION_BLOCK, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28);
        PUT(writer, INTERFACE_BLOCK, 32, like->link_type, MOST_PACKET_BYTES, 1u << 16 | OPTION_RESOLUTION, 9, 0, 32);
    } else {
        PUT(writer, 0xa1b23c4d, 4u << 16 | 2, 0, 0, MOST_PACKET_BYTES, like->link_type);
    }
}

void writer_add(struct writer *writer, const uint8_t *bytes, uint32_t length, uint64_t time_ns)
{
    static const uint8_t zeros[4];
    uint32_t padding = (4 - length % 4) % 4, total = 32 + length + padding;
    writer->count++;
    if (writer->is_pcapng)
        PUT(writer, ENHANCED_BLOCK, total, 0, (uint32_t)(time_ns >> 32), (uint32_t)time_ns, length, length);
    else
        PUT(writer, (uint32_t)(time_ns / SECOND), (uint32_t)(time_ns % SECOND), length, length);
    put(writer, bytes, length);
    if (writer->is_pcapng) {
        put(writer, zeros, padding);
        PUT(writer, total);
    }
}

void writer_close(struct writer *writer)
{
    bool failed = fclose(writer->stream) != 0;
#if defined(_WIN32)
    if (writer->temporary)
        remove(writer->name);
#endif
    if (failed || (writer->temporary && rename(writer->temporary, writer->name)))
        fail(STATUS_INPUT, "%s: cannot be written: %s", writer->name, strerror(errno));
    unfinished = NULL;
    free(writer->temporary);
}
