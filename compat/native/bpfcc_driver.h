/* A driver that hands its table to ebpfcore: what it needs of Windows, declared here, and nothing more.
 *
 * It is a client of the network module registrar (NMR): it registers under the id that its service has in Parameters\NpiModuleId,
 * and when ebpfcore attaches as provider, the table goes with the answer. It does nothing else.
 */
struct bpfcc_text {
    uint16_t bytes, most_bytes;
    uint16_t *words;
};
struct bpfcc_driver {
    uint16_t type, size;
    void *device;
    uint32_t flags;
    void *start;
    uint32_t image_bytes;
    void *section, *extension;
    struct bpfcc_text name;
    struct bpfcc_text *hardware;
    void *fast_io, *initialise, *start_io;
    void (*unload)(struct bpfcc_driver *driver);
    void *major[28];
};
typedef int32_t bpfcc_registry_value(uint16_t *name, uint32_t type, void *data, uint32_t bytes, void *context, void *entry);
struct bpfcc_registry_query {
    bpfcc_registry_value *found;
    uint32_t flags;
    const uint16_t *name;
    void *entry;
    uint32_t default_type;
    void *default_data;
    uint32_t default_bytes;
};
struct bpfcc_npi_module {
    uint16_t bytes;
    uint32_t kind;
    GUID guid;
};
struct bpfcc_npi_instance {
    uint16_t version, bytes;
    const GUID *npi;
    const struct bpfcc_npi_module *module;
    uint32_t number;
    const void *characteristics;
};
struct bpfcc_npi_client {
    uint16_t version, bytes;
    int32_t (*attach)(void *binding, void *context, const struct bpfcc_npi_instance *provider);
    int32_t (*detach)(void *context);
    void (*cleanup)(void *context);
    struct bpfcc_npi_instance instance;
};
_Static_assert(sizeof(struct bpfcc_driver) == 336 && offsetof(struct bpfcc_driver, unload) == 104, "DRIVER_OBJECT");
_Static_assert(sizeof(struct bpfcc_registry_query) == 56, "RTL_QUERY_REGISTRY_TABLE");
_Static_assert(sizeof(struct bpfcc_npi_module) == 24 && offsetof(struct bpfcc_npi_module, guid) == 8, "NPI_MODULEID");
_Static_assert(sizeof(struct bpfcc_npi_instance) == 40, "NPI_REGISTRATION_INSTANCE");
_Static_assert(sizeof(struct bpfcc_npi_client) == 72, "NPI_CLIENT_CHARACTERISTICS");

#define BPFCC_IMPORTED __attribute__((dllimport))
BPFCC_IMPORTED int32_t RtlQueryRegistryValues(uint32_t relative, const uint16_t *path, struct bpfcc_registry_query *table, void *context, void *environment);
BPFCC_IMPORTED int32_t NmrRegisterClient(const struct bpfcc_npi_client *client, void *context, void **handle);
BPFCC_IMPORTED int32_t NmrDeregisterClient(void *handle);
BPFCC_IMPORTED int32_t NmrWaitForClientDeregisterComplete(void *handle);
BPFCC_IMPORTED int32_t NmrClientAttachProvider(void *binding, void *context, const void *dispatch, void **provider_context, const void **provider_dispatch);

enum {
    BPFCC_DONE = 0,
    BPFCC_PENDING = 0x103,
    BPFCC_WRONG = (int32_t)0xC000000DU, /* STATUS_INVALID_PARAMETER */
    BPFCC_BINARY = 3,                   /* REG_BINARY */
    BPFCC_BY_GUID = 1,                  /* MIT_GUID */
    BPFCC_SUBKEY = 1, BPFCC_REQUIRED = 4,
    BPFCC_LONGEST_PATH = 256
};

/* c847aac8-a6f2-4b53-aea3-f4a94b9a80cb: native modules, as ebpfcore provides for them. */
static const GUID bpfcc_npi = {0xc847aac8, 0xa6f2, 0x4b53, {0xae, 0xa3, 0xf4, 0xa9, 0x4b, 0x9a, 0x80, 0xcb}};
static struct bpfcc_npi_module bpfcc_module = {sizeof(struct bpfcc_npi_module), BPFCC_BY_GUID, {0, 0, 0, {0}}};
static void *bpfcc_client_handle, *bpfcc_provider;

static int32_t bpfcc_attach(void *binding, void *context, const struct bpfcc_npi_instance *provider)
{
    void *provider_context = NULL;
    const void *provider_dispatch = NULL;
    int32_t status;
    (void)provider;
    /* There is one ebpfcore. */
    if (bpfcc_provider)
        return BPFCC_WRONG;
    status = NmrClientAttachProvider(binding, context, &BPFCC_TABLE, &provider_context, &provider_dispatch);
    if (status == BPFCC_DONE)
        bpfcc_provider = binding;
    return status;
}
static int32_t bpfcc_detach(void *context)
{
    (void)context;
    bpfcc_provider = NULL;
    return BPFCC_DONE;
}
static const struct bpfcc_npi_client bpfcc_client = {
    0, sizeof(struct bpfcc_npi_client), bpfcc_attach, bpfcc_detach, NULL,
    {0, sizeof(struct bpfcc_npi_instance), &bpfcc_npi, &bpfcc_module, 0, NULL},
};

static int32_t bpfcc_module_id(uint16_t *name, uint32_t type, void *data, uint32_t bytes, void *context, void *entry)
{
    const uint8_t *from = data;
    uint8_t *to = (uint8_t *)&bpfcc_module.guid;
    uint32_t at;
    (void)name; (void)context; (void)entry;
    if (type != BPFCC_BINARY || bytes != sizeof(GUID))
        return BPFCC_WRONG;
    for (at = 0; at < sizeof(GUID); at++)
        to[at] = from[at];
    return BPFCC_DONE;
}

static void bpfcc_unload(struct bpfcc_driver *driver)
{
    (void)driver;
    if (NmrDeregisterClient(bpfcc_client_handle) == BPFCC_PENDING)
        (void)NmrWaitForClientDeregisterComplete(bpfcc_client_handle);
}

int32_t DriverEntry(struct bpfcc_driver *driver, struct bpfcc_text *service);
int32_t DriverEntry(struct bpfcc_driver *driver, struct bpfcc_text *service)
{
    static const uint16_t parameters[] = {'P', 'a', 'r', 'a', 'm', 'e', 't', 'e', 'r', 's', 0};
    static const uint16_t module_id[] = {'N', 'p', 'i', 'M', 'o', 'd', 'u', 'l', 'e', 'I', 'd', 0};
    struct bpfcc_registry_query table[] = {
        {NULL, BPFCC_SUBKEY, parameters, NULL, 0, NULL, 0},
        {bpfcc_module_id, BPFCC_REQUIRED, module_id, NULL, 0, NULL, 0},
        {NULL, 0, NULL, NULL, 0, NULL, 0},
    };
    /* With a zero at its end, which a counted text need not have. */
    uint16_t path[BPFCC_LONGEST_PATH];
    uint32_t count = service->bytes / 2U, at;
    int32_t status;
    if (count >= BPFCC_LONGEST_PATH)
        return BPFCC_WRONG;
    for (at = 0; at < count; at++)
        path[at] = service->words[at];
    path[count] = 0;
    status = RtlQueryRegistryValues(0, path, table, NULL, NULL);
    if (status >= BPFCC_DONE)
        status = NmrRegisterClient(&bpfcc_client, NULL, &bpfcc_client_handle);
    if (status >= BPFCC_DONE)
        driver->unload = bpfcc_unload;
    return status;
}
