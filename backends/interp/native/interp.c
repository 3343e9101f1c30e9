/* The loop of the interpreter, and what is around it. See interp.h. */
#include "interp.h"

#include <stdlib.h>
#include <string.h>

#include "alu.h"
#include "loop.h"

enum handler {
#define OP(name, ...) H_##name,
#define MOP(name, ...) H_##name,
#include "alu.def"
#include "ops.def"
#undef OP
#undef MOP
    HANDLERS
};

static const char names[] =
#define OP(name, ...) #name "\n"
#define MOP(name, ...) #name "\n"
#include "alu.def"
#include "ops.def"
#undef OP
#undef MOP
    ;

/* ---- what handlers call ---------------------------------------------------------------------------------------- */

/* Makes the access that a handler could not make a hit of its cache; 0: a trap. */
static NOINLINE int reach(struct bpfcc_thread *ctx)
{
    struct bpfcc_cache *cache = (struct bpfcc_cache *)(void *)((char *)ctx + ctx->slow_cache);
    struct bpfcc_reach found;
    ctx->caches_used |= 1u << (ctx->slow_cache / sizeof *cache);
    if (!bpfcc_reach(ctx->run, ctx->slow_address, ctx->slow_size, (int)ctx->slow_write, &found))
        return 0;
    cache->lo = found.lo;
    cache->delta = found.delta;
    for (uint32_t k = 0; k < 4; k++)
        cache->count[k] = found.bytes >= (1u << k) ? found.bytes - (1u << k) + 1 : 0;
    return 1;
}

/* Regions may have moved or gone. */
static inline void forget(struct bpfcc_thread *ctx)
{
    while (ctx->caches_used) {
        uint32_t index = (uint32_t)__builtin_ctz(ctx->caches_used);
        ctx->caches_used &= ctx->caches_used - 1;
        memset(ctx->cache[index].count, 0, sizeof ctx->cache[index].count);
    }
}

static void note_trap(struct bpfcc_thread *ctx, const struct bpfcc_word *ip)
{
    if (!ctx->trap_code) {
        ctx->trap_code = ctx->code;
        ctx->trap_word = (uint64_t)(ip - ctx->code->words);
    }
}

/* A frame is live from the entry of its function to its exit; frames below it are not. */
static void place_frame(struct bpfcc_run *run, const struct bpfcc_code_function *to, uint64_t *fresh, uint32_t depth, int checked)
{
    run->slots[BPFCC_SLOT_STACK]->lo = (uint64_t)(BPFCC_MAX_FRAMES - 1 - depth) * BPFCC_FRAME_BYTES;
    uint8_t *top = run->frames + (size_t)(BPFCC_MAX_FRAMES - depth) * BPFCC_FRAME_BYTES;
    fresh[-1] = (uint64_t)(uintptr_t)top;
    fresh[-2] = checked ? BPFCC_FRAME_TOP(depth) : (uint64_t)(uintptr_t)top;
    if (to->zero_bytes)
        memset(top - to->zero_bytes, 0, to->zero_bytes);
}

static int push_frame(struct bpfcc_thread *ctx, const struct bpfcc_code_function *to, uint64_t *fresh, uint64_t *regs,
                      const struct bpfcc_word *back, uint32_t slot, int checked)
{
    struct bpfcc_run *run = ctx->run;
    uint32_t depth = run->depth + 1;
    if (depth >= BPFCC_MAX_FRAMES || (uint64_t)(ctx->stack_end - fresh) < to->registers) {
        bpfcc_trap_at(run, BPFCC_TRAP_STACK, 0, 0);
        return 0;
    }
    run->depth = depth;
    place_frame(run, to, fresh, depth, checked);
    fresh[-3] = (uint64_t)(uintptr_t)back;
    fresh[-4] = (uint64_t)(uintptr_t)regs;
    fresh[-5] = slot;
    fresh[-6] = (uint64_t)(uintptr_t)ctx->code;
    return 1;
}

/* The program that tail_call chose, in the place of the running function; NULL: a trap. */
static const struct bpfcc_code_function *enter_target(struct bpfcc_thread *ctx, uint64_t *regs)
{
    struct bpfcc_run *run = ctx->run;
    int32_t target = run->tail_target;
    const struct bpfcc_code *code = (uint32_t)target < ctx->target_count ? ctx->targets[target] : NULL;
    run->tail_target = -1;
    if (!code || code->flags != ctx->code->flags || (uint64_t)(ctx->stack_end - regs) < code->functions[0].registers) {
        bpfcc_trap_at(run, BPFCC_TRAP_CALL, (uint64_t)(uint32_t)target, 0);
        return NULL;
    }
    const struct bpfcc_code_function *to = &code->functions[0];
    ctx->code = code;
    if (to->zero_bytes)
        memset((uint8_t *)(uintptr_t)regs[-1] - to->zero_bytes, 0, to->zero_bytes);
    return to;
}

/* Accesses to the value at `address` are about to come: the pair of caches at `place` knows it, NO_CACHES = none. */
static inline void expect_value(struct bpfcc_thread *ctx, const struct bpfcc_bound_map *map, uint64_t address, uint32_t place)
{
    const struct bpfcc_region *region = &map->region;
    if (!address || place == BPFCC_INTERP_NO_CACHES || region->readable || region->writable)
        return;
    struct bpfcc_cache *cache = (struct bpfcc_cache *)(void *)((char *)ctx + place);
    uint64_t bytes = region->element, store = region->flags & BPFCC_REGION_WRITE ? UINT64_MAX : 0;
    for (uint32_t k = 0; k < 4; k++) {
        uint64_t count = bytes >= (1u << k) ? bytes - (1u << k) + 1 : 0;
        cache[0].count[k] = count;
        cache[1].count[k] = count & store;
    }
    cache[0].lo = cache[1].lo = address;
    cache[0].delta = cache[1].delta = (uint64_t)(uintptr_t)region->host - region->base;
    ctx->caches_used |= 3u << (place / sizeof *cache);
}

/* ---- the loop --------------------------------------------------------------------------------------------------- */

#if defined(INTERP_THREADED)

#define HANDLER __attribute__((preserve_none)) uint64_t
#define UNUSED __attribute__((unused))
#define ARGUMENTS const struct bpfcc_word *ip UNUSED, uint64_t *regs UNUSED, struct bpfcc_thread *ctx UNUSED, int64_t steps UNUSED
typedef HANDLER (*handler_function)(ARGUMENTS);
#define GO(function) __attribute__((musttail)) return (function)(ip, regs, ctx, steps)
#define DISPATCH() GO((handler_function)(uintptr_t)ip->handler)

#define OP(name, ...) static HANDLER op_##name(ARGUMENTS);
#define MOP(name, ...)                         \
    static HANDLER checked_##name(ARGUMENTS);  \
    static HANDLER unchecked_##name(ARGUMENTS);
#include "alu.def"
#include "ops.def"
#undef OP
#undef MOP

#define OP(name, ...) \
    static HANDLER op_##name(ARGUMENTS) { __VA_ARGS__; }
#include "alu.def"
#undef OP

#define MOP(name, ...) \
    static HANDLER checked_##name(ARGUMENTS) { __VA_ARGS__; }
#define SLOW(name) GO(checked_##name)
#include "mode_checked.h"
#include "ops.def"
#undef MOP
#undef SLOW

#define MOP(name, ...) \
    static HANDLER unchecked_##name(ARGUMENTS) { __VA_ARGS__; }
#define SLOW(name) GO(unchecked_##name)
#include "mode_unchecked.h"
#include "ops.def"
#undef MOP
#undef SLOW

static const handler_function handlers[2][HANDLERS] = {
    {
#define OP(name, ...) op_##name,
#define MOP(name, ...) unchecked_##name,
#include "alu.def"
#include "ops.def"
#undef MOP
    },
    {
#define MOP(name, ...) checked_##name,
#include "alu.def"
#include "ops.def"
#undef OP
#undef MOP
    },
};

static uint64_t handler_of(uint64_t number, int checked)
{
    return (uint64_t)(uintptr_t)handlers[checked][number];
}

static uint64_t run_loop(const struct bpfcc_word *ip, uint64_t *regs, struct bpfcc_thread *ctx, int64_t steps, int checked)
{
    (void)checked;
    return ((handler_function)(uintptr_t)ip->handler)(ip, regs, ctx, steps);
}

#else

#if defined(INTERP_GOTO)
#define DISPATCH() goto *(void *)(uintptr_t)ip->handler
#define LABEL(name, ...) L_##name: { __VA_ARGS__; }
#define BEGIN() \
    if (!ip)    \
        return (uint64_t)(uintptr_t)labels[regs_or_number]; \
    uint64_t *regs = (uint64_t *)(uintptr_t)regs_or_number; \
    DISPATCH();
#define TABLE static const void *const labels[] = {
#define TABLE_ENTRY(name, ...) &&L_##name,
#define END_TABLE };
#define END()
#else
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-label"
#endif
#define DISPATCH() goto dispatch
#define LABEL(name, ...) case H_##name: L_##name: { __VA_ARGS__; }
#define BEGIN()                                             \
    uint64_t *regs = (uint64_t *)(uintptr_t)regs_or_number; \
    dispatch:                                               \
    switch (ip->handler) {
#define TABLE
#define TABLE_ENTRY(name, ...)
#define END_TABLE
#define END() \
    default: return 0; }
#endif
#define SLOW(name) goto L_##name
#define OP LABEL
#define MOP LABEL

static uint64_t run_checked(const struct bpfcc_word *ip, uint64_t regs_or_number, struct bpfcc_thread *ctx, int64_t steps)
{
    TABLE
#undef OP
#undef MOP
#define OP TABLE_ENTRY
#define MOP TABLE_ENTRY
#if defined(INTERP_GOTO)
#include "alu.def"
#include "ops.def"
#endif
#undef OP
#undef MOP
#define OP LABEL
#define MOP LABEL
    END_TABLE
    BEGIN()
#include "mode_checked.h"
#include "alu.def"
#include "ops.def"
    END()
}

static uint64_t run_unchecked(const struct bpfcc_word *ip, uint64_t regs_or_number, struct bpfcc_thread *ctx, int64_t steps)
{
    TABLE
#undef OP
#undef MOP
#define OP TABLE_ENTRY
#define MOP TABLE_ENTRY
#if defined(INTERP_GOTO)
#include "alu.def"
#include "ops.def"
#endif
#undef OP
#undef MOP
#define OP LABEL
#define MOP LABEL
    END_TABLE
    BEGIN()
#include "mode_unchecked.h"
#include "alu.def"
#include "ops.def"
    END()
}

static uint64_t handler_of(uint64_t number, int checked)
{
#if defined(INTERP_GOTO)
    return checked ? run_checked(NULL, number, NULL, 0) : run_unchecked(NULL, number, NULL, 0);
#else
    (void)checked;
    return number;
#endif
}

static uint64_t run_loop(const struct bpfcc_word *ip, uint64_t *regs, struct bpfcc_thread *ctx, int64_t steps, int checked)
{
    uint64_t base = (uint64_t)(uintptr_t)regs;
    return checked ? run_checked(ip, base, ctx, steps) : run_unchecked(ip, base, ctx, steps);
}

#endif

/* ---- code ------------------------------------------------------------------------------------------------------- */

const char *bpfcc_interp_handlers(void)
{
    return names;
}

const char *bpfcc_interp_dispatch(void)
{
#if defined(INTERP_THREADED)
    return "threaded";
#elif defined(INTERP_GOTO)
    return "goto";
#else
    return "switch";
#endif
}

void bpfcc_interp_free(struct bpfcc_code *code)
{
    if (!code)
        return;
    free(code->words);
    free(code->functions);
    free(code);
}

int bpfcc_interp_prepare(const struct bpfcc_word *words, const uint8_t *starts, uint32_t count,
                         const struct bpfcc_code_function *functions, uint32_t function_count, uint32_t flags,
                         struct bpfcc_code **out)
{
    int checked = (flags & BPFCC_CODE_CHECKED) != 0;
    *out = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (starts[i] && words[i].handler >= HANDLERS)
            return -BPFCC_EINVAL;
    for (uint32_t i = 0; i < function_count; i++)
        if (functions[i].entry >= count || functions[i].params > 5 || functions[i].params > functions[i].registers || functions[i].zero_bytes > BPFCC_FRAME_BYTES)
            return -BPFCC_EINVAL;
    struct bpfcc_code *code = calloc(1, sizeof *code);
    if (!code)
        return -BPFCC_ENOMEM;
    code->words = calloc((size_t)count + 1, sizeof *words);
    code->functions = calloc((size_t)function_count + 1, sizeof *functions);
    if (!code->words || !code->functions) {
        bpfcc_interp_free(code);
        return -BPFCC_ENOMEM;
    }
    memcpy(code->words, words, count * sizeof *words);
    memcpy(code->functions, functions, function_count * sizeof *functions);
    for (uint32_t i = 0; i < count; i++)
        if (starts[i])
            code->words[i].handler = handler_of(code->words[i].handler, checked);
    code->words[count].handler = handler_of(H_halt, checked); /* where the outermost functions return to */
    code->count = count;
    code->function_count = function_count;
    code->flags = flags;
    *out = code;
    return 0;
}

/* ---- threads ------------------------------------------------------------------------------------------------------ */

struct bpfcc_thread *bpfcc_interp_thread(const struct bpfcc_code *code, struct bpfcc_run *run, uint64_t registers)
{
    struct bpfcc_thread *ctx = calloc(1, sizeof *ctx);
    uint64_t words = registers + BPFCC_MAX_FRAMES * BPFCC_INTERP_HEADER;
    if (!ctx)
        return NULL;
    ctx->stack = calloc(words, sizeof *ctx->stack);
    if (!ctx->stack) {
        free(ctx);
        return NULL;
    }
    ctx->stack_end = ctx->stack + words;
    ctx->run = run;
    ctx->code = code;
    ctx->top = ctx->stack;
    run->backend = ctx;
    run->invoke = bpfcc_interp_invoke;
    /* Frames are pieces of memory of their own: nothing may lie across two. */
    run->slots[BPFCC_SLOT_STACK]->stride = run->slots[BPFCC_SLOT_STACK]->element = BPFCC_FRAME_BYTES;
    return ctx;
}

void bpfcc_interp_thread_free(struct bpfcc_thread *thread)
{
    if (!thread)
        return;
    if (thread->run->backend == thread) {
        thread->run->backend = NULL;
        thread->run->invoke = NULL;
    }
    free(thread->stack);
    free(thread);
}

void bpfcc_interp_link(struct bpfcc_thread *thread, const struct bpfcc_code *const *targets, uint32_t count)
{
    thread->targets = targets;
    thread->target_count = count;
}

const struct bpfcc_code *bpfcc_interp_trapped(const struct bpfcc_thread *thread, uint64_t *word)
{
    *word = thread->trap_word;
    return thread->trap_code;
}

/* Runs `function` at stack depth `depth` with its registers at `fresh`; its parameters are there already. */
static uint64_t run_function(struct bpfcc_thread *ctx, const struct bpfcc_code_function *to, uint64_t *fresh, uint32_t depth)
{
    struct bpfcc_run *run = ctx->run;
    const struct bpfcc_code *code = ctx->code;
    int checked = (code->flags & BPFCC_CODE_CHECKED) != 0;
    const struct bpfcc_word *ip = code->words + to->entry;
    int64_t steps = -(int64_t)to->cost;
    if (checked) {
        steps = bpfcc_more_steps(ctx->run, steps);
        if (run->trap) {
            note_trap(ctx, ip);
            return 0;
        }
    }
    run->depth = depth;
    place_frame(run, to, fresh, depth, checked);
    fresh[-3] = (uint64_t)(uintptr_t)(code->words + code->count);
    fresh[-4] = (uint64_t)(uintptr_t)&ctx->result;
    fresh[-5] = 0;
    fresh[-6] = (uint64_t)(uintptr_t)code;
    return run_loop(ip, fresh, ctx, steps, checked);
}

uint64_t bpfcc_interp_enter(struct bpfcc_run *run)
{
    struct bpfcc_thread *ctx = run->backend;
    const struct bpfcc_code *code = ctx->code;
    const struct bpfcc_code_function *to = &code->functions[0];
    uint64_t *fresh = ctx->stack + BPFCC_INTERP_HEADER;
    ctx->trap_code = NULL;
    forget(ctx);
    for (uint32_t i = 0; i < to->params; i++)
        fresh[i] = 0;
    if (code->flags & BPFCC_CODE_RAW) {
        const struct bpfcc_region *memory = run->slots[BPFCC_SLOT_USER] ? run->slots[BPFCC_SLOT_USER] : run->slots[BPFCC_SLOT_CONTEXT];
        if (to->params > 0)
            fresh[0] = !memory ? 0 : run->checked ? memory->base : (uint64_t)(uintptr_t)memory->host;
        if (to->params > 1)
            fresh[1] = memory ? memory->hi : 0;
    } else if (to->params > 0) {
        fresh[0] = run->checked ? BPFCC_CONTEXT_BASE : (uint64_t)(uintptr_t)run->context;
    }
    uint64_t value = run_function(ctx, to, fresh, 0);
    ctx->code = code;
    ctx->top = ctx->stack; /* for timers, which call back between two runs */
    run->depth = 0;
    return value;
}

uint64_t bpfcc_interp_invoke(struct bpfcc_run *run, uint32_t function, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
    struct bpfcc_thread *ctx = run->backend;
    const struct bpfcc_code *code = ctx->code;
    uint32_t depth = run->depth;
    uint64_t *top = ctx->top, *fresh = top + BPFCC_INTERP_HEADER;
    if (run->trap)
        return 0;
    ctx->trap_code = NULL;
    if (function >= code->function_count) {
        bpfcc_trap_at(run, BPFCC_TRAP_CALL, function, 0);
        return 0;
    }
    const struct bpfcc_code_function *to = &code->functions[function];
    if (depth + 1 >= BPFCC_MAX_FRAMES || (uint64_t)(ctx->stack_end - top) < (uint64_t)BPFCC_INTERP_HEADER + to->registers) {
        bpfcc_trap_at(run, BPFCC_TRAP_STACK, 0, 0);
        return 0;
    }
    const uint64_t args[5] = {r1, r2, r3, r4, r5};
    for (uint32_t i = 0; i < to->params; i++)
        fresh[i] = args[i];
    forget(ctx);
    uint64_t value = run_function(ctx, to, fresh, depth + 1);
    ctx->code = code;
    ctx->top = top;
    run->depth = depth;
    run->slots[BPFCC_SLOT_STACK]->lo = (uint64_t)(BPFCC_MAX_FRAMES - 1 - depth) * BPFCC_FRAME_BYTES;
    forget(ctx);
    return value;
}
