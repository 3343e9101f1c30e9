/* Text: the formats of trace_printk and snprintf, numbers from strings, and memory read by address. */
#include "helper.h"

enum {
    MAX_VARARGS = 12,
    MAX_LINE = 1024,
    MAX_STRING = 512,
    MAX_CONSTANT = 65536,
};

/* ---- reading by address ----------------------------------------------------------------------------------------- */

int64_t bpfcc_probe_string(struct bpfcc_run *run, uint8_t *out, uint64_t size, uint64_t address)
{
    uint64_t done = 0;
    while (done < size) {
        uint64_t span = 0;
        const uint8_t *from = bpfcc_probe_span(run, address + done, size - done, &span);
        if (!from || !span)
            return -BPFCC_EFAULT;
        for (uint64_t i = 0; i < span; i++, done++) {
            out[done] = from[i];
            if (!from[i])
                return (int64_t)done + 1;
        }
    }
    out[size - 1] = 0; /* longer than its buffer: cut, and the NUL counts */
    return (int64_t)size;
}

static uint64_t probe_read(struct bpfcc_run *run, uint64_t to, uint32_t size, uint64_t from)
{
    uint8_t *out = bpfcc_access(run, to, size, 1);
    if (!out)
        return BPFCC_ERR(BPFCC_EFAULT);
    uint64_t done = 0;
    /* The source may be made of several pieces that the caller supplied next to one another. */
    while (done < size) {
        uint64_t span = 0;
        const uint8_t *in = bpfcc_probe_span(run, from + done, size - done, &span);
        if (!in || !span) {
            memset(out, 0, size);
            return BPFCC_ERR(BPFCC_EFAULT);
        }
        memmove(out + done, in, (size_t)span);
        done += span;
    }
    return 0;
}

static uint64_t probe_read_str(struct bpfcc_run *run, uint64_t to, uint32_t size, uint64_t from)
{
    uint8_t *out = bpfcc_access(run, to, size, 1);
    if (!out)
        return BPFCC_ERR(BPFCC_EFAULT);
    int64_t length = size ? bpfcc_probe_string(run, out, size, from) : 0;
    if (length < 0)
        memset(out, 0, size);
    return (uint64_t)length;
}

HELPER(probe_read) { return probe_read(run, r1, (uint32_t)r2, r3); }
HELPER(probe_read_user) { return probe_read(run, r1, (uint32_t)r2, r3); }
HELPER(probe_read_kernel) { return probe_read(run, r1, (uint32_t)r2, r3); }
HELPER(probe_read_str) { return probe_read_str(run, r1, (uint32_t)r2, r3); }
HELPER(probe_read_user_str) { return probe_read_str(run, r1, (uint32_t)r2, r3); }
HELPER(probe_read_kernel_str) { return probe_read_str(run, r1, (uint32_t)r2, r3); }

HELPER(copy_from_user)
{
    return probe_read(run, r1, (uint32_t)r2, r3);
}

HELPER(copy_from_user_task) { return r5 ? BPFCC_ERR(BPFCC_EINVAL) : probe_read(run, r1, (uint32_t)r2, r3); }

/* Written nowhere: the caller finds what would have been written in the log. */
HELPER(probe_write_user)
{
    const uint8_t *from = bpfcc_access(run, r2, (uint32_t)r3, 0);
    uint8_t head[8];
    if (!from)
        return BPFCC_ERR(BPFCC_EFAULT);
    if (!bpfcc_probe(run, r1, (uint32_t)r3))
        return BPFCC_ERR(BPFCC_EFAULT);
    bpfcc_put64(head, r1);
    bpfcc_log_add(run, BPFCC_LOG_WRITE, head, sizeof head, from, (uint32_t)r3);
    return 0;
}

/* ---- formats ------------------------------------------------------------------------------------------------------ */

struct text {
    char *out;
    uint64_t size, length;
};

static void put(struct text *text, char c)
{
    if (text->length + 1 < text->size)
        text->out[text->length] = c;
    text->length++;
}

struct spec {
    uint32_t left, zero, plus, space, upper, width;
};

static void put_padded(struct text *text, const struct spec *spec, const char *sign, const char *digits, uint32_t count)
{
    uint32_t signs = (uint32_t)strlen(sign), total = signs + count, pad = spec->width > total ? spec->width - total : 0;
    if (!spec->left && !spec->zero)
        while (pad)
            put(text, ' '), pad--;
    for (uint32_t i = 0; i < signs; i++)
        put(text, sign[i]);
    if (!spec->left)
        while (pad)
            put(text, '0'), pad--;
    for (uint32_t i = 0; i < count; i++)
        put(text, digits[i]);
    while (pad)
        put(text, ' '), pad--;
}

static void put_number(struct text *text, const struct spec *spec, uint64_t value, uint32_t base, int is_signed)
{
    char digits[24];
    const char *sign = "", *alphabet = spec->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    uint32_t at = sizeof digits;
    if (is_signed && (int64_t)value < 0) {
        sign = "-";
        value = -value;
    } else if (is_signed && spec->plus) {
        sign = "+";
    } else if (is_signed && spec->space) {
        sign = " ";
    }
    do {
        digits[--at] = alphabet[value % base];
        value /= base;
    } while (value);
    put_padded(text, spec, sign, digits + at, (uint32_t)sizeof digits - at);
}

static void put_string(struct text *text, const struct spec *spec, const char *string, uint32_t length)
{
    uint32_t pad = spec->width > length ? spec->width - length : 0;
    if (!spec->left)
        while (pad)
            put(text, ' '), pad--;
    for (uint32_t i = 0; i < length; i++)
        put(text, string[i]);
    while (pad)
        put(text, ' '), pad--;
}

/* What %p with a letter made: no width, and nothing at all once the buffer is full; so Linux counts, too. */
static void put_looked_up(struct text *text, const char *string, uint32_t length)
{
    if (text->length >= text->size)
        return;
    for (uint32_t i = 0; i < length; i++)
        put(text, string[i]);
}

static uint32_t address4(char *out, const uint8_t *bytes, int zeros)
{
    uint32_t n = 0;
    for (int i = 0; i < 4; i++) {
        if (i)
            out[n++] = '.';
        if (zeros || bytes[i] >= 100)
            out[n++] = (char)('0' + bytes[i] / 100);
        if (zeros || bytes[i] >= 10)
            out[n++] = (char)('0' + bytes[i] / 10 % 10);
        out[n++] = (char)('0' + bytes[i] % 10);
    }
    return n;
}

static uint32_t address6(char *out, const uint8_t *bytes, int colons)
{
    uint32_t n = 0;
    for (int i = 0; i < 16; i++) {
        if (colons && i && i % 2 == 0)
            out[n++] = ':';
        out[n++] = "0123456789abcdef"[bytes[i] >> 4];
        out[n++] = "0123456789abcdef"[bytes[i] & 15];
    }
    return n;
}

static void put_ip(struct bpfcc_run *run, struct text *text, int small, int six, uint64_t address)
{
    uint8_t bytes[16] = {0};
    char string[40];
    const void *from = bpfcc_probe(run, address, six ? 16 : 4);
    if (from)
        memcpy(bytes, from, six ? 16 : 4); /* memory that cannot be read prints as zeros */
    uint32_t n = six ? address6(string, bytes, !small) : address4(string, bytes, small);
    put_looked_up(text, string, n);
}

static uint32_t probed(struct bpfcc_run *run, char *bytes, uint32_t size, uint64_t address)
{
    int64_t length = bpfcc_probe_string(run, (uint8_t *)bytes, size, address);
    return length > 0 ? (uint32_t)length - 1 : 0; /* memory that cannot be read prints as nothing */
}

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static int is_print(char c) { return c >= ' ' && c <= '~'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
/* Whether a plain %p or %s may end here: at the end, before space or punctuation. */
static int ends_spec(char c) { return !c || is_space(c) || (is_print(c) && !is_digit(c) && !is_letter(c)); }

static const char *read_spec(const char *at, struct spec *spec)
{
    for (;; at++) {
        if (*at == '0')
            spec->zero = 1;
        else if (*at == '+')
            spec->plus = 1;
        else if (*at == '-')
            spec->left = 1;
        else if (*at == ' ')
            spec->space = 1;
        else
            break;
    }
    for (; is_digit(*at); at++)
        if (spec->width < MAX_LINE)
            spec->width = spec->width * 10 + (uint32_t)(*at - '0');
    return at;
}

/* `at` is behind the 'p'. The last character of the conversion, or NULL. */
static const char *put_pointer(struct bpfcc_run *run, struct text *text, struct spec *spec, const char *at, uint64_t value)
{
    if ((at[0] == 'k' || at[0] == 'u') && at[1] == 's') {
        if (!ends_spec(at[2]))
            return NULL;
        char bytes[MAX_STRING];
        put_looked_up(text, bytes, probed(run, bytes, sizeof bytes, value));
        return at + 1;
    }
    if (at[0] == 'i' || at[0] == 'I') {
        if (at[1] != '4' && at[1] != '6')
            return NULL;
        put_ip(run, text, at[0] == 'i', at[1] == '6', value);
        return at + 1;
    }
    if (at[0] == 's' || at[0] == 'S' || at[0] == 'B') { /* no symbol table: the address, as Linux prints an unknown one */
        struct spec plain = {0};
        put(text, '0');
        put(text, 'x');
        put_number(text, &plain, value, 16, 0);
        return at;
    }
    if (!ends_spec(at[0]) && at[0] != 'x' && at[0] != 'K')
        return NULL;
    if (!spec->width)
        spec->width = 16, spec->zero = 1;
    put_number(text, spec, value, 16, 0);
    return at[0] == 'x' || at[0] == 'K' ? at : at - 1;
}

/* `at` is behind the '%'. The last character of the conversion, or NULL for a format that Linux refuses. */
static const char *convert(struct bpfcc_run *run, struct text *text, const char *at, uint64_t value)
{
    struct spec spec = {0};
    at = read_spec(at, &spec);
    if (*at == 'p') {
        at = put_pointer(run, text, &spec, at + 1, value);
        while (at && (is_digit(at[1]) || is_letter(at[1])))
            at++; /* letters behind a pointer belong to it */
        return at;
    }
    if (*at == 's') {
        if (!ends_spec(at[1]))
            return NULL;
        char bytes[MAX_STRING];
        put_string(text, &spec, bytes, probed(run, bytes, sizeof bytes, value));
        return at;
    }
    if (*at == 'c') {
        char c = (char)value;
        put_string(text, &spec, &c, 1);
        return at;
    }
    int bits64 = 0;
    for (int i = 0; i < 2 && *at == 'l'; i++)
        bits64 = 1, at++;
    int is_signed = *at == 'd' || *at == 'i';
    if (!is_signed && *at != 'u' && *at != 'x' && *at != 'X')
        return NULL;
    if (!bits64)
        value = is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
    spec.upper = *at == 'X';
    put_number(text, &spec, value, *at == 'x' || *at == 'X' ? 16 : 10, is_signed);
    return at;
}

int64_t bpfcc_format(struct bpfcc_run *run, char *out, uint64_t size, const char *format, const uint64_t *args, uint32_t count)
{
    struct text text = {.out = out, .size = size};
    uint32_t used = 0;
    for (const char *at = format; *at; at++) {
        if (!is_print(*at) && !is_space(*at))
            return -BPFCC_EINVAL;
        if (*at != '%') {
            put(&text, *at);
        } else if (at[1] == '%') {
            put(&text, *++at);
        } else {
            at = used < count ? convert(run, &text, at + 1, args[used]) : NULL;
            used++;
            if (!at)
                return -BPFCC_EINVAL;
        }
    }
    if (size)
        out[text.length < size ? text.length : size - 1] = 0;
    return (int64_t)text.length;
}

static uint64_t print_line(struct bpfcc_run *run, uint64_t format, uint32_t size, const uint64_t *args, uint32_t count)
{
    char line[MAX_LINE];
    const char *text = size ? bpfcc_access(run, format, size, 0) : NULL;
    if (!text || !memchr(text, 0, size))
        return BPFCC_ERR(BPFCC_EINVAL);
    int64_t length = bpfcc_format(run, line, sizeof line, text, args, count);
    if (length < 0)
        return (uint64_t)length;
    uint32_t shown = (uint32_t)strlen(line);
    while (shown && line[shown - 1] == '\n')
        shown--;
    bpfcc_log_add(run, BPFCC_LOG_TRACE, NULL, 0, line, shown);
    return (uint64_t)length;
}

HELPER(trace_printk)
{
    uint64_t args[3] = {r3, r4, r5};
    return print_line(run, r1, (uint32_t)r2, args, 3);
}

/* The arguments of a varargs helper lie in an array: their count, or -1. */
static int64_t take_arguments(struct bpfcc_run *run, uint64_t address, uint32_t bytes, uint64_t *args)
{
    if (bytes % 8 || bytes > MAX_VARARGS * 8 || (bytes && !address))
        return -1;
    const void *from = bytes ? bpfcc_access(run, address, bytes, 0) : NULL;
    if (bytes && !from)
        return -1;
    if (bytes)
        memcpy(args, from, bytes);
    return bytes / 8;
}

HELPER(trace_vprintk)
{
    uint64_t args[MAX_VARARGS];
    int64_t count = take_arguments(run, r3, (uint32_t)r4, args);
    return count < 0 ? BPFCC_ERR(BPFCC_EINVAL) : print_line(run, r1, (uint32_t)r2, args, (uint32_t)count);
}

/* A constant string: as many bytes as its NUL is away, within what the program may read. */
static const char *constant_string(struct bpfcc_run *run, uint64_t address)
{
    if (!run->checked)
        return (const char *)(uintptr_t)address;
    uint64_t span;
    const uint8_t *text = bpfcc_probe_span(run, address, MAX_CONSTANT, &span);
    if (text && memchr(text, 0, (size_t)span))
        return (const char *)text;
    bpfcc_trap_at(run, BPFCC_TRAP_ACCESS, address, 1);
    return NULL;
}

HELPER(snprintf)
{
    uint64_t args[MAX_VARARGS];
    uint32_t size = (uint32_t)r2;
    int64_t count = take_arguments(run, r4, (uint32_t)r5, args);
    char *out = size ? bpfcc_access(run, r1, size, 1) : NULL;
    const char *format = count < 0 || (size && !out) ? NULL : constant_string(run, r3);
    if (!format)
        return BPFCC_ERR(BPFCC_EINVAL);
    int64_t length = bpfcc_format(run, out, size, format, args, (uint32_t)count);
    return (uint64_t)(length < 0 ? length : length + 1);
}

/* ---- strings ------------------------------------------------------------------------------------------------------ */

HELPER(strncmp)
{
    const uint8_t *a = bpfcc_access(run, r1, (uint32_t)r2, 0);
    const char *b = constant_string(run, r3);
    if (!a || !b)
        return BPFCC_ERR(BPFCC_EFAULT);
    for (uint32_t i = 0; i < (uint32_t)r2; i++) {
        uint8_t y = (uint8_t)b[i];
        if (a[i] != y)
            return (uint64_t)(int64_t)(a[i] < y ? -1 : 1);
        if (!y)
            break;
    }
    return 0;
}

struct number {
    uint64_t value;
    int negative, overflow;
    int64_t used; /* characters, or a negative errno */
};

static uint32_t digit_of(char c)
{
    if (is_digit(c))
        return (uint32_t)(c - '0');
    return is_letter(c) ? (uint32_t)((c | 32) - 'a') + 10 : 99;
}

enum { MAX_DIGITS = 63 }; /* what Linux looks at behind spaces and sign */

static struct number parse_number(const char *text, uint64_t size, uint64_t flags)
{
    struct number n = {0};
    uint64_t at = 0, base = flags & 31;
    if (!text || !size || (base != 0 && base != 8 && base != 10 && base != 16) || flags & ~(uint64_t)31) {
        n.used = -BPFCC_EINVAL;
        return n;
    }
    while (at < size && is_space(text[at]))
        at++;
    if (at < size && text[at] == '-')
        n.negative = 1, at++;
    if (!(at < size)) {
        n.used = -BPFCC_EINVAL;
        return n;
    }
    uint64_t left = size - at;
    if (left > MAX_DIGITS)
        left = MAX_DIGITS, size = at + left;
    int prefix = left > 1 && text[at] == '0' && (text[at + 1] | 32) == 'x';
    int hex = prefix && left > 2 && digit_of(text[at + 2]) < 16;
    if (!base)
        base = hex ? 16 : text[at] == '0' ? 8 : 10;
    if (base == 16 && prefix)
        at += 2;
    uint64_t first = at;
    for (; at < size && digit_of(text[at]) < base; at++) {
        uint64_t digit = digit_of(text[at]);
        if (n.value > (UINT64_MAX - digit) / base)
            n.overflow = 1;
        n.value = n.value * base + digit;
    }
    n.used = at == first ? -BPFCC_EINVAL : n.overflow ? -BPFCC_ERANGE : (int64_t)at;
    return n;
}

HELPER(strtol)
{
    uint8_t *out = bpfcc_access(run, r4, 8, 1);
    const char *text = out ? bpfcc_access(run, r1, (uint32_t)r2, 0) : NULL;
    struct number n = parse_number(text, (uint32_t)r2, r3);
    if (out)
        bpfcc_put64(out, 0);
    if (n.used < 0)
        return (uint64_t)n.used;
    if (n.value > (uint64_t)INT64_MAX + (n.negative ? 1 : 0))
        return BPFCC_ERR(BPFCC_ERANGE);
    bpfcc_put64(out, n.negative ? -n.value : n.value);
    return (uint64_t)n.used;
}

HELPER(strtoul)
{
    uint8_t *out = bpfcc_access(run, r4, 8, 1);
    const char *text = out ? bpfcc_access(run, r1, (uint32_t)r2, 0) : NULL;
    struct number n = parse_number(text, (uint32_t)r2, r3);
    if (out)
        bpfcc_put64(out, 0);
    if (n.used < 0)
        return (uint64_t)n.used;
    if (n.negative)
        return BPFCC_ERR(BPFCC_EINVAL);
    bpfcc_put64(out, n.value);
    return (uint64_t)n.used;
}
