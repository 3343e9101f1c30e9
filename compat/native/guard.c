/* Control flow guard for an image that has no C runtime: the load configuration, and what indirect calls go through until the loader
 * puts checks of its own in the place of these, which check nothing.
 *
 * The linker defines the tables and flags; the loader finds all of it through `_load_config_used`.
 */
#include <stdint.h>

#if defined(__x86_64__)
#define DISPATCH "jmp *%rax"
#else
#define DISPATCH "br x9"
#endif
__asm__(".text\n"
        ".def bpfcc_guard_check\n.scl 2\n.type 32\n.endef\n.globl bpfcc_guard_check\n.p2align 4\nbpfcc_guard_check:\n  ret\n"
        ".def bpfcc_guard_dispatch\n.scl 2\n.type 32\n.endef\n.globl bpfcc_guard_dispatch\n.p2align 4\nbpfcc_guard_dispatch:\n  " DISPATCH "\n");

extern void bpfcc_guard_check(void), bpfcc_guard_dispatch(void);
extern void (*const __guard_check_icall_fptr)(void);
extern void (*const __guard_dispatch_icall_fptr)(void);
__attribute__((section(".00cfg"), used)) void (*const __guard_check_icall_fptr)(void) = bpfcc_guard_check;
__attribute__((section(".00cfg"), used)) void (*const __guard_dispatch_icall_fptr)(void) = bpfcc_guard_dispatch;

/* IMAGE_LOAD_CONFIG_DIRECTORY64. The flags are an absolute symbol of the linker's, of which no C initialiser takes half. */
__asm__(".section .rdata,\"dr\"\n.p2align 4\n.globl _load_config_used\n_load_config_used:\n"
        ".long 320, 0\n.short 0, 0\n.long 0, 0, 0\n.quad 0, 0, 0, 0, 0, 0\n.long 0\n.short 0, 0\n.quad 0, 0, 0, 0\n"
        ".quad __guard_check_icall_fptr, __guard_dispatch_icall_fptr, __guard_fids_table, __guard_fids_count\n"
        ".long __guard_flags\n.short 0, 0\n.long 0, 0\n"
        ".quad __guard_iat_table, __guard_iat_count, __guard_longjmp_table, __guard_longjmp_count\n"
        ".zero 128\n");
