/* The interpreter of register code: what Python prepares, and what one thread of execution is.
 *
 *   struct bpfcc_code *code;
 *   bpfcc_interp_prepare(words, count, functions, n, flags, &code);        once: immutable, shared by threads
 *   struct bpfcc_thread *thread = bpfcc_interp_thread(code, run, registers);  one a run: sets run->backend and run->invoke
 *   r0 = bpfcc_interp_enter(run);                                          a bpfcc_entry
 *
 * Code is an array of 16-byte words. The first word of an instruction names the handler and holds up to four operands;
 * instructions that need more go on in the following words. `ops.def` describes every handler.
 */
#ifndef BPFCC_INTERP_H
#define BPFCC_INTERP_H

#include "../../../runtime/native/bpfcc.h"
#include "../../../runtime/native/state.h"

enum {
    BPFCC_INTERP_CACHES = 16,
    BPFCC_INTERP_NO_CACHES = 0xffff,
    BPFCC_INTERP_HEADER = 6,      /* words before the registers of a frame */
};

/* (ABI: written by Python) */
struct bpfcc_word {
    union {
        struct {
            uint64_t handler; /* number of the handler; an address once prepared, where the loop is threaded */
            union {
                struct {
                    uint16_t a, b, c, d;
                };
                struct {
                    uint16_t a_, b_;
                    int32_t imm;
                };
                struct {
                    int32_t target_;
                    uint32_t cost_;
                };
            };
        };
        /* following words */
        struct {
            int32_t target; /* words from the branch */
            uint32_t cost_taken, cost_fallen;
            int32_t more;
        };
        uint16_t h[8];
        int16_t s[8];
        int32_t i[4];
        uint32_t u[4];
        uint64_t q[2];
    };
};

/* (ABI) */
struct bpfcc_code_function {
    uint32_t entry;      /* first word */
    uint32_t registers;  /* of a frame, header not counted */
    uint32_t params;     /* in registers 0 … */
    uint32_t zero_bytes; /* at the top of the stack frame, to be cleared at entry */
    uint32_t cost;       /* steps of what runs before the next charge */
    uint32_t reserved;
};

enum bpfcc_code_flags {
    BPFCC_CODE_CHECKED = 1,
    BPFCC_CODE_RAW = 2, /* the entry takes memory and its length, not a context */
};

struct bpfcc_code {
    struct bpfcc_word *words;
    struct bpfcc_code_function *functions;
    uint32_t count, function_count, flags, reserved;
};

/* A piece of guest memory that the last accesses with this cache reached: an access of 1 << k bytes at `address` is valid
 * if address - lo < count[k]. */
struct bpfcc_cache {
    uint64_t lo;
    uint64_t delta; /* host - guest address */
    uint64_t count[4];
    uint64_t padding[2];
};

struct bpfcc_thread {
    struct bpfcc_cache cache[BPFCC_INTERP_CACHES];
    struct bpfcc_run *run;
    const struct bpfcc_code *code;
    uint32_t caches_used; /* a bit each */
    uint32_t slow_size, slow_write, slow_cache;
    uint64_t slow_address;
    uint64_t result;
    uint64_t *top;               /* first free word of the register stack while a helper runs */
    uint64_t *stack, *stack_end; /* of registers */
    const struct bpfcc_code *trap_code; /* where the first trap of the run happened */
    uint64_t trap_word;
    const struct bpfcc_code *const *targets; /* programs that tail calls can enter, by index; NULL = none there */
    uint32_t target_count, reserved;
};

/* Names of the handlers, each followed by a line feed, in the order of their numbers. */
BPFCC_API const char *bpfcc_interp_handlers(void);
/* "threaded", "goto" or "switch". */
BPFCC_API const char *bpfcc_interp_dispatch(void);
/* Copies what it is given. 0, or a negative errno: no memory, or a word that names no handler. `starts` has a byte for each
 * word: not 0 where an instruction begins. */
BPFCC_API int bpfcc_interp_prepare(const struct bpfcc_word *words, const uint8_t *starts, uint32_t count,
                                   const struct bpfcc_code_function *functions, uint32_t function_count, uint32_t flags,
                                   struct bpfcc_code **code);
BPFCC_API void bpfcc_interp_free(struct bpfcc_code *code);
/* A thread for `run`, with room for `registers` words of frames. NULL: no memory. */
BPFCC_API struct bpfcc_thread *bpfcc_interp_thread(const struct bpfcc_code *code, struct bpfcc_run *run, uint64_t registers);
BPFCC_API void bpfcc_interp_thread_free(struct bpfcc_thread *thread);
/* `targets` must live as long as the thread. */
BPFCC_API void bpfcc_interp_link(struct bpfcc_thread *thread, const struct bpfcc_code *const *targets, uint32_t count);
BPFCC_API uint64_t bpfcc_interp_enter(struct bpfcc_run *run);
BPFCC_API uint64_t bpfcc_interp_invoke(struct bpfcc_run *run, uint32_t function, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);
/* Where the last run trapped: the code and the word, or NULL. */
BPFCC_API const struct bpfcc_code *bpfcc_interp_trapped(const struct bpfcc_thread *thread, uint64_t *word);

#endif
