/* Options, and what is run on what. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { MOST_DATA_BYTES = 1 << 24, DEFAULT_LIMIT = 10 };
static const char *own_name = "program";

_Noreturn void fail(int status, const char *format, ...)
{
    va_list list;
    fflush(stdout);
    fprintf(stderr, "%s: %s: ", own_name, status == STATUS_UNSUPPORTED ? "not supported" : "error");
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "\n");
    exit(status);
}

void *grown(void *old, size_t count, size_t element)
{
    size_t bytes = element && count > SIZE_MAX / element ? SIZE_MAX : count * element;
    void *found = bytes == SIZE_MAX ? NULL : realloc(old, bytes ? bytes : 1);
    if (!found)
        fail(STATUS_INPUT, "no memory for %zu times %zu bytes", count, element);
    return found;
}

static const char usage[] =
    "usage: %s CAPTURE [--pcap-out OUT] [--repeat N] [--each] [OPTION...]\n"
    "       %s --hex HEX | --data FILE [--repeat N] [OPTION...]\n"
    "\n"
    "CAPTURE is pcap or pcapng; the program runs on each packet of it, at the packet's time.\n"
    "\n"
    "  --program NAME   this program (default: the first)\n"
    "  --pcap-out OUT   write packets that go on (.pcap or .pcapng), as the program left them\n"
    "  --hex HEX        run on these bytes: a packet, memory (type raw), or else the context\n"
    "  --data FILE      the same, of a file\n"
    "  --repeat N       run that many times; on a capture, maps go on counting\n"
    "  --each           a line for each packet: its number and its verdict\n"
    "  --maps           show what maps hold at the end\n"
    "  --limit N        rows of each table (default 10, 0: all)\n"
    "  -q, --quiet      only verdicts, traps and time\n"
    "  --json           one JSON document (schema bpfcc.run/1)\n"
    "  -h, --help       this\n"
    "\n"
    "Exit status: 0 done, 1 the program trapped, 2 bad input or usage, 3 recognised but not supported.\n";

static void explain(FILE *stream)
{
    fprintf(stream, "%s", bpfcc_object.program_count > 1 ? "BPF programs" : "A BPF program");
    if (bpfcc_object.made_from[0])
        fprintf(stream, " from %s", bpfcc_object.made_from);
    fprintf(stream, ", compiled by %s; %s.\n\n", bpfcc_object.made_by, bpfcc_object.checked ? "every access is checked" : "verified");
    for (uint32_t i = 0; i < bpfcc_object.program_count; i++) {
        const struct bpfcc_program_info *program = &bpfcc_object.programs[i];
        fprintf(stream, "  %s (%s)%s%s\n", program->name, program->type, program->section[0] ? " of section " : "", program->section);
    }
    fprintf(stream, "\n");
    fprintf(stream, usage, own_name, own_name);
}

static _Noreturn void misused(const char *what, const char *argument)
{
    fail(STATUS_INPUT, "%s%s%s; --help says what there is", what, argument ? " " : "", argument ? argument : "");
}

static uint64_t number_of(const char *option, const char *text, uint64_t least, uint64_t most)
{
    char *end;
    unsigned long long value;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (!*text || *end || errno || *text < '0' || *text > '9' || value < least || value > most)
        fail(STATUS_INPUT, "%s %s: a number from %llu to %llu is wanted", option, text, (unsigned long long)least, (unsigned long long)most);
    return value;
}

/* The value of an option that has one: `--name VALUE` or `--name=VALUE`; NULL where the argument is another. */
static const char *value_of(const char *name, int count, char **arguments, int *at)
{
    size_t length = strlen(name);
    const char *argument = arguments[*at];
    if (strncmp(argument, name, length))
        return NULL;
    if (argument[length] == '=')
        return argument + length + 1;
    if (argument[length])
        return NULL;
    if (++*at >= count)
        misused("a value is missing after", name);
    return arguments[*at];
}

static bool read_option(struct options *options, int count, char **arguments, int *at)
{
    const char *argument = arguments[*at], *value;
    if (!strcmp(argument, "--maps"))
        options->maps = true;
    else if (!strcmp(argument, "--quiet") || !strcmp(argument, "-q"))
        options->quiet = true;
    else if (!strcmp(argument, "--json"))
        options->json = true;
    else if (!strcmp(argument, "--each"))
        options->each = true;
    else if ((value = value_of("--program", count, arguments, at)))
        options->program = value;
    else if ((value = value_of("--pcap-out", count, arguments, at)))
        options->capture_out = value;
    else if ((value = value_of("--pcap", count, arguments, at)))
        options->capture = value;
    else if ((value = value_of("--data", count, arguments, at)))
        options->data_file = value;
    else if ((value = value_of("--hex", count, arguments, at)))
        options->hex = value;
    else if ((value = value_of("--repeat", count, arguments, at)))
        options->repeat = number_of("--repeat", value, 1, 1000000000);
    else if ((value = value_of("--limit", count, arguments, at)))
        options->limit = number_of("--limit", value, 0, UINT64_C(1) << 62);
    else
        return false;
    return true;
}

static struct options read_options(int count, char **arguments)
{
    struct options options = {.repeat = 1, .limit = DEFAULT_LIMIT};
    bool only_files = false;
    for (int at = 1; at < count; at++) {
        const char *argument = arguments[at];
        if (!only_files && !strcmp(argument, "--")) {
            only_files = true;
        } else if (!only_files && (!strcmp(argument, "--help") || !strcmp(argument, "-h"))) {
            explain(stdout);
            exit(STATUS_OK);
        } else if (!only_files && argument[0] == '-' && argument[1]) {
            if (!read_option(&options, count, arguments, &at))
                misused("no option", argument);
        } else if (options.capture) {
            misused("one capture only, not also", argument);
        } else {
            options.capture = argument;
        }
    }
    if ((options.capture != NULL) + (options.data_file != NULL) + (options.hex != NULL) > 1)
        misused("a capture, --data and --hex exclude each other", NULL);
    if ((options.capture_out || options.each) && !options.capture)
        misused(options.capture_out ? "--pcap-out goes with a capture" : "--each goes with a capture", NULL);
    if (options.each && options.json)
        misused("--each and --json exclude each other", NULL);
    return options;
}

static const struct bpfcc_program_info *program_of(const struct options *options)
{
    for (uint32_t i = 0; i < bpfcc_object.program_count; i++)
        if (!options->program || !strcmp(options->program, bpfcc_object.programs[i].name))
            return &bpfcc_object.programs[i];
    misused("no program", options->program);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Two digits a byte; space between bytes. */
static uint8_t *bytes_of(const char *hex, size_t *size)
{
    const char *at = hex[0] == '0' && hex[1] == 'x' ? hex + 2 : hex;
    uint8_t *bytes = grown(NULL, strlen(hex) / 2 + 1, 1);
    *size = 0;
    while (*at) {
        int high, low;
        if (strchr(" \t\n\r\f\v", *at)) {
            at++;
            continue;
        }
        high = digit_of(at[0]);
        low = high < 0 ? -1 : digit_of(at[1]);
        if (low < 0)
            fail(STATUS_INPUT, "--hex '%s': not hexadecimal", hex);
        bytes[(*size)++] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return bytes;
}

static void run_on_capture(struct session *session, const struct options *options)
{
    struct capture capture;
    struct writer writer;
    if (!takes_packets(session->program))
        fail(STATUS_INPUT, "program '%s' of type %s gets no packets; give its context with --data or --hex", session->program->name,
             session->program->type);
    capture_read(&capture, options->capture);
    if (options->capture_out)
        writer_open(&writer, options->capture_out, &capture);
    session_run_capture(session, &capture, options->capture_out ? &writer : NULL);
    if (options->capture_out) {
        writer_close(&writer);
        if (!options->quiet)
            fprintf(stderr, "%s: wrote %s (%llu packets)\n", own_name, options->capture_out, (unsigned long long)writer.count);
    }
    capture_free(&capture);
}

static void run_on_data(struct session *session, const struct options *options)
{
    size_t size = 0;
    uint8_t *data = options->data_file ? file_read(options->data_file, MOST_DATA_BYTES, &size) : bytes_of(options->hex ? options->hex : "", &size);
    session_run_once(session, data, size);
    free(data);
}

int main(int count, char **arguments)
{
    struct options options;
    struct session session;
    struct host host;
    int status;
    if (count > 0 && arguments[0][0]) {
        const char *slash = strrchr(arguments[0], '/');
        own_name = slash ? slash + 1 : arguments[0];
    }
    if (count < 2) {
        explain(stderr);
        return STATUS_INPUT;
    }
    options = read_options(count, arguments);
    host_open(&host);
    session_open(&session, &host, program_of(&options), &options);
    if (options.capture)
        run_on_capture(&session, &options);
    else
        run_on_data(&session, &options);
    if (options.json)
        report_json(&session);
    else
        report_text(&session);
    status = session.trap_count ? STATUS_TRAPPED : STATUS_OK;
    session_close(&session);
    host_close(&host);
    if (fflush(stdout) || ferror(stdout))
        fail(STATUS_INPUT, "standard output cannot be written: %s", strerror(errno));
    return status;
}
