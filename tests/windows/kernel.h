/* As much of Windows' kernel as a native driver meets; see kernel.c. */
#ifndef BPFCC_TESTS_KERNEL_H
#define BPFCC_TESTS_KERNEL_H

/* Load the driver and let it register: the table that it offers. With a `fault` ("" = none) it is told something else, what it does is
 * printed, and the process ends. */
const void *kernel_load(const char *path, const char *fault);
/* A function that is about to be called through a pointer: one of the driver has to be in its table of guarded functions. */
void kernel_calls(const void *function);
/* Unload it, as a service is stopped. */
void kernel_unload(void);
/* Status 3, with what is wrong. */
void broken(const char *format, ...);

#endif
