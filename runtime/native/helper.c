/* The table of helpers by id: what is not in `helpers.def` is refused when a program is prepared. */
#include "helper.h"

enum { LAST_HELPER = 255 };

static const bpfcc_helper table[LAST_HELPER + 1] = {
#define BPFCC_IMPLEMENTED(id, name) [id] = bpfcc_h_##name,
#include "helpers.def"
#undef BPFCC_IMPLEMENTED
};

bpfcc_helper bpfcc_helper_table(uint32_t id)
{
    return id <= LAST_HELPER ? table[id] : NULL;
}
