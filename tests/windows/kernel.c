/* Plays Windows' kernel to a native driver, in a process: maps the image as the loader does, with memory integrity on (no page is ever
 * written and run), answers its imports, and is the registrar and the provider (ebpfcore) that it registers with. In a process of
 * Windows, or, for arm64, of Linux, where functions are called in the same way.
 *
 * Indirect calls go through the guard's tables, as they do where control flow guard is on. What breaks a rule ends with status 3.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <sys/mman.h>
#endif

#include "kernel.h"

#define RULE(holds, ...) \
    do { \
        if (!(holds)) \
            broken(__VA_ARGS__); \
    } while (0)

enum {
    DONE = 0, PENDING = 0x103, NOT_FOUND = (int32_t)0xC0000034, INVALID = (int32_t)0xC000000D, NO_MEMORY_LEFT = (int32_t)0xC0000017,
    BY_GUID = 1, SUBKEY = 1, REQUIRED = 4, KINDS_OF_ENTRIES = 0x175, ID_BYTES = 16, REGISTRY_TEXT = 1, REGISTRY_BINARY = 3,
    PAGE = 4096, NATIVE = 1, IMPORTS = 1, RELOCATIONS = 5, LOAD_CONFIG = 10, RUN = 0x20000000,
#if defined(__x86_64__)
    MACHINE = 0x8664,
#else
    MACHINE = 0xaa64,
#endif
};
static const uint32_t WRITTEN = 0x80000000;
struct guid {
    uint32_t first;
    uint16_t second, third;
    uint8_t rest[8];
};
/* What follows the name is not part of it. */
static uint16_t service[] = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\bpfcc-testXYZ";
enum { SERVICE_WORDS = sizeof service / sizeof *service - 4 };
static const uint8_t module_id[ID_BYTES] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8};
static const struct guid native_npi = {0xc847aac8, 0xa6f2, 0x4b53, {0xae, 0xa3, 0xf4, 0xa9, 0x4b, 0x9a, 0x80, 0xcb}};
static const struct guid core_id = {0x5e24d2f5, 0xf799, 0x42c3, {0xa9, 0x45, 0x87, 0xfe, 0xed, 0xd9, 0x30, 0xa7}};

/* ---- what drivers and kernel say to each other, written down once more ----------------------------------------------------- */

struct text {
    uint16_t bytes, most_bytes;
    const uint16_t *words;
};
struct driver {
    int16_t type, size;
    void *device;
    uint32_t flags;
    void *start;
    uint32_t image_bytes;
    void *section, *extension;
    struct text name;
    struct text *hardware;
    void *fast_io;
    int32_t (*entry)(struct driver *, struct text *);
    void *start_io;
    void (*unload)(struct driver *);
    void *major[28];
};
struct query {
    int32_t (*routine)(const uint16_t *name, uint32_t type, void *data, uint32_t bytes, void *context, void *entry);
    uint32_t flags;
    const uint16_t *name;
    void *entry;
    uint32_t default_type;
    void *default_data;
    uint32_t default_bytes;
};
struct module_of {
    uint16_t bytes;
    uint32_t kind;
    struct guid guid;
};
struct instance {
    uint16_t version, bytes;
    const struct guid *npi;
    const struct module_of *module;
    uint32_t number;
    const void *specific;
};
struct client {
    uint16_t version, bytes;
    int32_t (*attach)(void *binding, void *context, const struct instance *provider);
    int32_t (*detach)(void *binding_context);
    void (*cleanup)(void *binding_context);
    struct instance instance;
};
_Static_assert(offsetof(struct driver, unload) == 104 && sizeof(struct driver) == 336, "DRIVER_OBJECT");
_Static_assert(sizeof(struct query) == 56 && sizeof(struct instance) == 40 && sizeof(struct client) == 72, "NMR");

static const char *fault = "";
static uint8_t *image;
static uint64_t image_bytes, preferred;
static struct driver object;
static const struct client *registered;
static const void *offered;
static bool offering, attached, waited, deregistered;
static int handle, binding, other_binding;
static void *binding_context;

static bool told(const char *name)
{
    return strcmp(fault, name) == 0;
}

/* ---- ntoskrnl.exe ------------------------------------------------------------------------------------------------------------ */

static bool is_word(const uint16_t *found, const char *word)
{
    size_t at = 0;
    while (word[at] && found[at] == (uint16_t)word[at])
        at++;
    return !word[at] && !found[at];
}

/* RtlQueryRegistryValues, of a key with a subkey of one value. */
static int32_t query_registry(uint32_t relative, const uint16_t *path, struct query *table, void *context, void *environment)
{
    bool in_parameters = false;
    uint8_t value[ID_BYTES + 1] = {0};
    uint32_t id_bytes = told("short-id") ? ID_BYTES / 2 : told("long-id") ? ID_BYTES + 1 : ID_BYTES;
    RULE(relative == 0 && !environment, "the service's key has an absolute path");
    RULE(path[SERVICE_WORDS] == 0 && memcmp(path, service, SERVICE_WORDS * 2) == 0, "another key than the service's is read");
    for (; table->routine || table->name; table++) {
        RULE((table->flags & ~(uint32_t)KINDS_OF_ENTRIES) == 0, "flags %#x of a registry query", table->flags);
        if (table->flags & SUBKEY) {
            RULE(!table->routine && is_word(table->name, "Parameters"), "a subkey that is not Parameters");
            in_parameters = true;
            continue;
        }
        RULE(table->routine && in_parameters && is_word(table->name, "NpiModuleId"), "a value that no service has");
        if (told("no-id")) {
            if (table->flags & REQUIRED)
                return NOT_FOUND;
            continue;
        }
        memcpy(value, module_id, ID_BYTES);
        kernel_calls((const void *)table->routine);
        int32_t status = table->routine(table->name, told("text-id") ? REGISTRY_TEXT : REGISTRY_BINARY, value, id_bytes, context, table->entry);
        if (status < 0)
            return status;
    }
    return DONE;
}

/* RtlInitUnicodeString */
static void initialise_text(struct text *target, const uint16_t *words)
{
    size_t count = 0;
    while (words && words[count])
        count++;
    *target = (struct text){(uint16_t)(count * 2), words ? (uint16_t)(count * 2 + 2) : 0, words};
}

/* MmGetSystemRoutineAddress: what drivers of other tools ask for is not in every Windows. */
static void *routine_address(const struct text *name)
{
    RULE(name && name->words, "a routine without a name is asked for");
    return NULL;
}

/* ---- NETIO.SYS: the registrar, and ebpfcore as provider ------------------------------------------------------------------------ */

static const struct module_of core = {sizeof(struct module_of), BY_GUID, {0}};
static struct module_of core_module;
static struct instance core_instance;

/* NmrClientAttachProvider */
static int32_t client_attaches(void *found, void *context, const void *dispatch, void **provider_context, const void **provider_dispatch)
{
    RULE(offering && (found == &binding || found == &other_binding), "a client attaches while no provider is offered");
    RULE(dispatch && provider_context && provider_dispatch, "a client attaches without saying what it does");
    if (told("provider-refuses"))
        return NO_MEMORY_LEFT;
    *provider_context = &handle;
    *provider_dispatch = &handle;
    offered = dispatch;
    binding_context = context;
    attached = true;
    return DONE;
}

/* NmrRegisterClient: the provider is there already, so it is offered at once. */
static int32_t register_client(const struct client *client, void *context, void **client_handle)
{
    if (told("registrar-fails"))
        return NO_MEMORY_LEFT;
    RULE(!registered, "a client registers twice");
    RULE(client->version == 0 && client->bytes == sizeof *client && client->attach && client->detach, "a client's characteristics");
    const struct instance *own = &client->instance;
    RULE(own->version == 0 && own->bytes == sizeof *own && memcmp(own->npi, &native_npi, sizeof native_npi) == 0, "it is for another interface");
    RULE(own->module && own->module->bytes == sizeof *own->module && own->module->kind == BY_GUID, "a module's id is no GUID");
    RULE(memcmp(&own->module->guid, module_id, ID_BYTES) == 0, "it registers under another id than its service has");
    registered = client;
    *client_handle = &handle;
    core_module = core;
    core_module.guid = core_id;
    core_instance = (struct instance){0, sizeof core_instance, own->npi, &core_module, 0, NULL};
    offering = true;
    kernel_calls((const void *)client->attach);
    int32_t status = client->attach(&binding, context, &core_instance);
    RULE((status == DONE) == attached, "attach says %#x and the provider is %sattached", (unsigned)status, attached ? "" : "not ");
    if (attached) {
        const void *first = offered;
        RULE(client->attach(&other_binding, context, &core_instance) != DONE && offered == first, "it attaches to a second provider");
    }
    offering = false;
    return DONE;
}

/* NmrDeregisterClient: detaching takes its time. */
static int32_t deregister_client(void *client_handle)
{
    RULE(client_handle == &handle && registered && !deregistered, "what is deregistered was never registered");
    deregistered = true;
    return PENDING;
}

/* NmrWaitForClientDeregisterComplete */
static int32_t wait_for_client(void *client_handle)
{
    RULE(client_handle == &handle && deregistered && !waited, "nothing is there to wait for");
    if (attached) {
        kernel_calls((const void *)registered->detach);
        RULE(registered->detach(binding_context) == DONE, "it does not detach");
        attached = false;
        if (registered->cleanup)
            registered->cleanup(binding_context);
    }
    waited = true;
    return DONE;
}

/* ---- the image --------------------------------------------------------------------------------------------------------------- */

static const struct export {
    const char *library, *name;
    void *address;
} exports[] = {
    {"ntoskrnl.exe", "RtlQueryRegistryValues", (void *)query_registry},
    {"ntoskrnl.exe", "RtlInitUnicodeString", (void *)initialise_text},
    {"ntoskrnl.exe", "MmGetSystemRoutineAddress", (void *)routine_address},
    {"ntoskrnl.exe", "memcpy", (void *)memcpy},
    {"ntoskrnl.exe", "memmove", (void *)memmove},
    {"ntoskrnl.exe", "memset", (void *)memset},
    {"ntoskrnl.exe", "memcmp", (void *)memcmp},
    {"NETIO.SYS", "NmrRegisterClient", (void *)register_client},
    {"NETIO.SYS", "NmrDeregisterClient", (void *)deregister_client},
    {"NETIO.SYS", "NmrWaitForClientDeregisterComplete", (void *)wait_for_client},
    {"NETIO.SYS", "NmrClientAttachProvider", (void *)client_attaches},
};

static void *inside(uint64_t at, uint64_t bytes, const char *what)
{
    RULE(at <= image_bytes && bytes <= image_bytes - at, "%s lies outside of the image", what);
    return image + at;
}

static const char *name_at(uint32_t at)
{
    const char *found = inside(at, 1, "a name");
    RULE(memchr(found, 0, image_bytes - at), "a name has no end");
    return found;
}

static uint16_t word_at(const void *at)
{
    uint16_t found;
    memcpy(&found, at, sizeof found);
    return found;
}
static uint32_t number_at(const void *at)
{
    uint32_t found;
    memcpy(&found, at, sizeof found);
    return found;
}
static uint64_t address_at(const void *at)
{
    uint64_t found;
    memcpy(&found, at, sizeof found);
    return found;
}
static void put_address(void *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

/* One of the header's directories: where it lies, and its size. */
struct directory {
    uint32_t at, bytes;
};

static void relocate(struct directory directory)
{
    uint64_t difference = (uint64_t)image - preferred;
    uint32_t at = 0;
    while (at < directory.bytes) {
        const uint8_t *block = inside(directory.at + at, 8, "a block of relocations");
        uint32_t page = number_at(block), size = number_at(block + 4);
        RULE(size >= 8 && size % 2 == 0 && size <= directory.bytes - at, "a block of relocations has no size");
        inside(directory.at + at, size, "relocations");
        for (uint32_t entry = 8; entry < size; entry += 2) {
            uint16_t found = word_at(block + entry);
            if (found >> 12 == 0)
                continue;
            RULE(found >> 12 == 10, "a relocation of kind %d", found >> 12);
            void *place = inside((uint64_t)page + (found & 0xfff), 8, "a relocation");
            put_address(place, address_at(place) + difference);
        }
        at += size;
    }
}

static void *exported(const char *library, const char *name)
{
    for (size_t i = 0; i < sizeof exports / sizeof *exports; i++)
        if (strcasecmp(exports[i].library, library) == 0 && strcmp(exports[i].name, name) == 0)
            return exports[i].address;
    broken("a driver cannot have %s from %s", name, library);
    return NULL;
}

static void import(struct directory directory)
{
    for (uint64_t at = directory.at;; at += 20) {
        const uint8_t *found = inside(at, 20, "the imports");
        uint32_t library = number_at(found + 12);
        if (!library)
            return;
        for (uint64_t place = number_at(found + 16);; place += 8) {
            uint8_t *slot = inside(place, 8, "the addresses of imports");
            uint64_t name = address_at(slot);
            if (!name)
                break;
            RULE(!(name >> 63), "an import by number");
            put_address(slot, (uint64_t)exported(name_at(library), name_at((uint32_t)name + 2)));
        }
    }
}

/* ---- control flow guard --------------------------------------------------------------------------------------------------------- */

static const uint8_t *guarded;
static uint64_t guarded_count, guarded_stride;

/* Kernel addresses outside of this image are the kernel's own business. */
__attribute__((used)) static void guard_check(uint64_t target)
{
    if (target - (uint64_t)image >= image_bytes)
        return;
    for (uint64_t i = 0; i < guarded_count; i++) {
        uint32_t address;
        memcpy(&address, guarded + i * guarded_stride, sizeof address);
        if (address == target - (uint64_t)image)
            return;
    }
    broken("an indirect call to %#llx, where no function begins", (unsigned long long)(target - (uint64_t)image));
}

void kernel_calls(const void *function)
{
    if (image)
        guard_check((uint64_t)function);
}

void guard_checked(void);
void guard_dispatched(void);
#if defined(__x86_64__)
#define SAVED "push %rcx\n push %rdx\n push %r8\n push %r9\n push %r10\n push %r11\n push %rax\n sub $32, %rsp\n"
#define BACK "add $32, %rsp\n pop %rax\n pop %r11\n pop %r10\n pop %r9\n pop %r8\n pop %rdx\n pop %rcx\n"
__asm__(".globl guard_dispatched\nguard_dispatched:\n" SAVED "mov %rax, %rcx\n call guard_check\n" BACK "jmp *%rax\n"
        ".globl guard_checked\nguard_checked:\n" SAVED "call guard_check\n" BACK "ret\n");
#else
#define SAVED "stp x29, x30, [sp, #-96]!\n stp x0, x1, [sp, #16]\n stp x2, x3, [sp, #32]\n stp x4, x5, [sp, #48]\n stp x6, x7, [sp, #64]\n stp x8, x15, [sp, #80]\n"
#define BACK "ldp x8, x15, [sp, #80]\n ldp x6, x7, [sp, #64]\n ldp x4, x5, [sp, #48]\n ldp x2, x3, [sp, #32]\n ldp x0, x1, [sp, #16]\n ldp x29, x30, [sp], #96\n"
__asm__(".globl guard_checked\nguard_checked:\n" SAVED "mov x0, x15\n bl guard_check\n" BACK "ret\n"
        ".globl guard_dispatched\nguard_dispatched:\n str x9, [sp, #-16]!\n" SAVED "mov x0, x9\n bl guard_check\n" BACK "ldr x9, [sp], #16\n br x9\n");
#endif

static void guard(struct directory directory)
{
    uint8_t *found = inside(directory.at, 148, "the load configuration");
    RULE(directory.bytes >= 148, "the load configuration says nothing of guards");
    uint64_t cookie = address_at(found + 88), base = (uint64_t)image;
    uint32_t flags = number_at(found + 144);
    RULE(flags & 0x100, "calls are not guarded");
    if (cookie)
        /* Drivers with checked stacks do not start with the value that they were linked with. */
        put_address(inside(cookie - base, 8, "the stack's cookie"), UINT64_C(0x123456789abc));
    guarded_stride = 4 + (flags >> 28);
    guarded_count = address_at(found + 136);
    RULE(guarded_count < image_bytes, "a table of guarded functions without an end");
    guarded = inside(address_at(found + 128) - base, guarded_count * guarded_stride, "the table of guarded functions");
    put_address(inside(address_at(found + 112) - base, 8, "the guard's check"), (uint64_t)guard_checked);
    put_address(inside(address_at(found + 120) - base, 8, "the guard's dispatch"), (uint64_t)guard_dispatched);
}

/* ---- loading -------------------------------------------------------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    RULE(file && fseek(file, 0, SEEK_END) == 0, "no driver %s", path);
    *bytes = (size_t)ftell(file);
    uint8_t *found = malloc(*bytes);
    rewind(file);
    RULE(found && fread(found, 1, *bytes, file) == *bytes, "the driver cannot be read");
    fclose(file);
    return found;
}

static void *pages(uint64_t bytes)
{
#ifdef _WIN32
    return VirtualAlloc(NULL, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
#else
    void *found = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return found == MAP_FAILED ? NULL : found;
#endif
}

static bool protect(void *at, uint64_t bytes, bool runs, bool written)
{
#ifdef _WIN32
    DWORD before;
    return VirtualProtect(at, bytes, runs ? PAGE_EXECUTE_READ : written ? PAGE_READWRITE : PAGE_READONLY, &before);
#else
    return mprotect(at, bytes, PROT_READ | (runs ? PROT_EXEC : written ? PROT_WRITE : 0)) == 0;
#endif
}

/* Memory integrity: a page is written or run, never both. */
static void protect_section(const uint8_t *section)
{
    const char *name = (const char *)section;
    uint32_t bytes = number_at(section + 8), at = number_at(section + 12), flags = number_at(section + 36);
    RULE(!(flags & RUN && flags & WRITTEN), "section %.8s is written and run", name);
    RULE(at % PAGE == 0, "section %.8s does not begin with a page", name);
    RULE(protect(inside(at, bytes, "a section"), bytes, flags & RUN, flags & WRITTEN), "section %.8s cannot be protected", name);
}

static void copy_section(const uint8_t *section, const uint8_t *data, size_t bytes)
{
    uint32_t memory = number_at(section + 8), raw = number_at(section + 16), from = number_at(section + 20);
    uint32_t size = raw < memory ? raw : memory;
    RULE(from <= bytes && size <= bytes - from, "a section lies outside of the file");
    memcpy(inside(number_at(section + 12), size, "a section"), data + from, size);
}

static void map_image(const char *path)
{
    size_t bytes;
    uint8_t *data = read_file(path, &bytes);
    RULE(bytes > 1024 && data[0] == 'M' && data[1] == 'Z', "this is no image");
    uint32_t header = number_at(data + 60);
    RULE(header <= bytes - 512 && memcmp(data + header, "PE\0", 4) == 0, "this is no image of Windows");
    const uint8_t *file = data + header + 4, *more = file + 20;
    RULE(word_at(file) == MACHINE && word_at(more) == 0x20b, "no image for this processor");
    RULE(word_at(more + 68) == NATIVE, "no driver: subsystem %d", word_at(more + 68));
    const uint8_t *sections = more + word_at(file + 16);
    uint32_t count = word_at(file + 2), header_bytes = number_at(more + 60);
    RULE(sections + count * 40 <= data + header_bytes && header_bytes <= bytes, "the headers do not fit");
    struct directory directories[16];
    memcpy(directories, more + 112, sizeof directories);
    image_bytes = number_at(more + 56);
    preferred = address_at(more + 24);
    image = pages(image_bytes);
    RULE(image && (uint64_t)image != preferred && header_bytes <= image_bytes, "no memory");
    memcpy(image, data, header_bytes);
    for (uint32_t i = 0; i < count; i++)
        copy_section(sections + i * 40, data, bytes);
    relocate(directories[RELOCATIONS]);
    import(directories[IMPORTS]);
    guard(directories[LOAD_CONFIG]);
    RULE(protect(image, header_bytes, false, false), "the headers cannot be protected");
    for (uint32_t i = 0; i < count; i++)
        protect_section(sections + i * 40);
    object.entry = (int32_t (*)(struct driver *, struct text *))inside(number_at(more + 16), 1, "the entry point");
    free(data);
}

const void *kernel_load(const char *path, const char *what)
{
    fault = what;
    map_image(path);
    object.type = 4;
    object.size = sizeof object;
    object.start = image;
    object.image_bytes = (uint32_t)image_bytes;
    if (!told("no-end"))
        service[SERVICE_WORDS] = 0;
    struct text key = {told("long-path") ? 2048 : SERVICE_WORDS * 2, told("long-path") ? 2048 : SERVICE_WORDS * 2, service};
    uint16_t *path_words = NULL;
    if (told("long-path")) {
        path_words = calloc(1024, 2);
        RULE(path_words, "no memory");
        key.words = path_words;
    }
    kernel_calls((const void *)object.entry);
    int32_t status = object.entry(&object, &key);
    if (*fault) {
        printf("{\"status\": %u, \"registered\": %d, \"attached\": %d, \"unload\": %d}\n", (unsigned)status, !!registered, attached, !!object.unload);
        if (status >= 0)
            kernel_unload();
        exit(0);
    }
    RULE(status == DONE, "DriverEntry says %#x", (unsigned)status);
    RULE(attached && offered && object.unload, "the driver has started and offers nothing");
    RULE(guarded_count, "no function may be called indirectly");
    return offered;
}

void kernel_unload(void)
{
    if (!image)
        return;
    kernel_calls((const void *)object.unload);
    object.unload(&object);
    RULE(deregistered && waited && !attached, "it unloads while it is registered");
}
