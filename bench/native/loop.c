/* Timing loops of bench/interp.py: one call after another, in nanoseconds a call. */
#include <stdint.h>

#include "../../runtime/native/bpfcc.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

typedef uint64_t (*program)(void *context);
typedef uint64_t (*clock_function)(void);

EXPORT uint64_t time_native(program run, void *context, uint64_t count, clock_function clock, uint64_t *ns)
{
    uint64_t value = 0, start = clock();
    for (uint64_t i = 0; i < count; i++)
        value = run(context);
    *ns = clock() - start;
    return value;
}

EXPORT uint64_t time_entry(bpfcc_entry entry, struct bpfcc_run *run, uint64_t count, uint64_t steps, clock_function clock, uint64_t *ns)
{
    uint64_t value = 0, start = clock();
    for (uint64_t i = 0; i < count; i++) {
        run->steps_left = steps;
        value = entry(run);
    }
    *ns = clock() - start;
    return value;
}
