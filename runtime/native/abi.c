/* The version of the structures in bpfcc.h, asked by the loader before anything else. */
#include "bpfcc.h"

uint32_t bpfcc_abi_version(void)
{
    return BPFCC_ABI_VERSION;
}
