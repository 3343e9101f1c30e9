/* How handlers are entered and left: one of three ways, by what the compiler can do.
 *
 *   threaded   every handler is a function that ends in a tail call of the next; ip, regs, ctx and steps stay in machine
 *              registers because the calling convention saves none
 *   goto       one function, a label a handler, computed goto
 *   switch     one function, one switch
 */
#ifndef BPFCC_INTERP_LOOP_H
#define BPFCC_INTERP_LOOP_H

#if defined(__has_attribute)
#if __has_attribute(musttail) && __has_attribute(preserve_none) && !defined(BPFCC_INTERP_PLAIN)
#define INTERP_THREADED 1
#endif
#endif
#if !defined(INTERP_THREADED) && defined(__GNUC__) && !defined(BPFCC_INTERP_SWITCH)
#define INTERP_GOTO 1
#endif

#if defined(__GNUC__)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define NOINLINE __attribute__((noinline, cold))
#define FALLTHROUGH __attribute__((fallthrough))
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define LIKELY(x) (x)
#define UNLIKELY(x) (x)
#define NOINLINE __declspec(noinline)
#define FALLTHROUGH ((void)0)
#define ALWAYS_INLINE static __forceinline
#endif

/* Unaligned, of natural width, read and written once: neither torn nor repeated by the compiler. */
#if defined(_MSC_VER) && !defined(__clang__)
#define AT(T, host) (*(__unaligned volatile T *)(host))
#else
struct at_uint8_t { volatile uint8_t v; } __attribute__((packed));
struct at_uint16_t { volatile uint16_t v; } __attribute__((packed));
struct at_uint32_t { volatile uint32_t v; } __attribute__((packed));
struct at_uint64_t { volatile uint64_t v; } __attribute__((packed));
#define AT(T, host) (((struct at_##T *)(void *)(host))->v)
#endif

#define uint1b uint8_t
#define uint2b uint16_t
#define uint4b uint32_t
#define uint8b uint64_t
#define AT1(host) AT(uint8_t, host)
#define AT2(host) AT(uint16_t, host)
#define AT4(host) AT(uint32_t, host)
#define AT8(host) AT(uint64_t, host)

/* ---- operands ------------------------------------------------------------------------------------------------ */

#define R(x) regs[ip->x]
#define IMM ((uint64_t)(int64_t)ip->imm)
#define OFF ((uint64_t)(int64_t)(int16_t)ip->d)
#define IMM_AT(word, n) ((uint64_t)(int64_t)ip[word].i[n])
#define RUN (ctx->run)

/* Words before the registers of a frame. */
#define FRAME_HOST ((uint8_t *)(uintptr_t)regs[-1]) /* of the byte r10 points to */
#define FRAME_VALUE regs[-2]                        /* what the program sees as r10 */
#define RETURN_WORD regs[-3]
#define RETURN_REGS regs[-4]
#define RETURN_SLOT regs[-5]
#define RETURN_CODE regs[-6]

#define GET(n) AT##n(host)
#define PUT(n, value) (AT##n(host) = (uint##n##b)(value))
#define WORD(n) ((uint##n##b *)(void *)host)

#define NEXT(n)     \
    do {            \
        ip += (n);  \
        DISPATCH(); \
    } while (0)

#define RETURN(value)                                            \
    do {                                                         \
        uint64_t value_ = (value);                               \
        uint64_t *back_ = (uint64_t *)(uintptr_t)RETURN_REGS;    \
        ip = (const struct bpfcc_word *)(uintptr_t)RETURN_WORD;  \
        back_[RETURN_SLOT] = value_;                             \
        ctx->code = (const struct bpfcc_code *)(uintptr_t)RETURN_CODE; \
        RUN->depth--;                                            \
        LEAVE_FRAME();                                           \
        regs = back_;                                            \
        DISPATCH();                                              \
    } while (0)

#define SIZE_LOG_1 0
#define SIZE_LOG_2 1
#define SIZE_LOG_4 2
#define SIZE_LOG_8 3

/* ---- checked mode ---------------------------------------------------------------------------------------------- */

#define CHECKED_REACH(n, address, k, write)                                                                \
    uint64_t at_ = (address);                                                                              \
    const struct bpfcc_cache *cache_ = (const struct bpfcc_cache *)(const void *)((const char *)ctx + (k)); \
    if (UNLIKELY(at_ - cache_->lo >= cache_->count[SIZE_LOG_##n])) {                                       \
        ctx->slow_address = at_;                                                                           \
        ctx->slow_size = (n);                                                                              \
        ctx->slow_write = (write);                                                                         \
        ctx->slow_cache = (k);                                                                             \
        SLOW(slow_memory);                                                                                 \
    }                                                                                                      \
    uint8_t *host = (uint8_t *)(uintptr_t)(at_ + cache_->delta)
/* Inside this frame nothing else has to be asked; outside it may still be another live region. */
#define CHECKED_REACH_FRAME(n, index, k, write)                                                            \
    uint8_t *host;                                                                                         \
    uint64_t distance_ = (index) + OFF;                                                                    \
    if (LIKELY(distance_ + BPFCC_FRAME_BYTES <= BPFCC_FRAME_BYTES - (n))) {                                \
        host = FRAME_HOST + (int64_t)distance_;                                                            \
    } else {                                                                                               \
        uint64_t at_ = FRAME_VALUE + distance_;                                                            \
        const struct bpfcc_cache *cache_ = (const struct bpfcc_cache *)(const void *)((const char *)ctx + (k)); \
        if (UNLIKELY(at_ - cache_->lo >= cache_->count[SIZE_LOG_##n])) {                                   \
            ctx->slow_address = at_;                                                                       \
            ctx->slow_size = (n);                                                                          \
            ctx->slow_write = (write);                                                                     \
            ctx->slow_cache = (k);                                                                         \
            SLOW(slow_memory);                                                                             \
        }                                                                                                  \
        host = (uint8_t *)(uintptr_t)(at_ + cache_->delta);                                                \
    }
/* In the loops of fused.def: what is in machine registers goes back first. */
#define CHECKED_FOLD_REACH(n, address, k)                                                                  \
    uint64_t at_ = (address);                                                                              \
    const struct bpfcc_cache *cache_ = (const struct bpfcc_cache *)(const void *)((const char *)ctx + (k)); \
    if (UNLIKELY(at_ - cache_->lo >= cache_->count[SIZE_LOG_##n])) {                                       \
        R(a) = sum;                                                                                        \
        R(c) = at;                                                                                         \
        ctx->slow_address = at_;                                                                           \
        ctx->slow_size = (n);                                                                              \
        ctx->slow_write = 0;                                                                               \
        ctx->slow_cache = (k);                                                                             \
        SLOW(slow_memory);                                                                                 \
    }                                                                                                      \
    uint8_t *host = (uint8_t *)(uintptr_t)(at_ + cache_->delta)
#define CHECKED_FOLD_CHARGE(cost)      \
    do {                               \
        steps -= (int64_t)(cost);      \
        if (UNLIKELY(steps < 0)) {     \
            R(a) = sum;                \
            R(c) = at;                 \
            SLOW(refill);              \
        }                              \
    } while (0)
#define CHECKED_ALIGNED(n)                                                         \
    if (UNLIKELY((at_ | (uint64_t)(uintptr_t)host) & ((n) - 1))) {                 \
        ctx->slow_address = at_;                                                   \
        ctx->slow_size = (n);                                                      \
        SLOW(misaligned);                                                          \
    }
#define CHECKED_CHARGE(cost)           \
    do {                               \
        steps -= (int64_t)(cost);      \
        if (UNLIKELY(steps < 0))       \
            SLOW(refill);              \
    } while (0)
#define CHECKED_GIVE_BACK_STEPS() (RUN->steps_left += (uint64_t)steps, steps = 0)
#define CHECKED_FORGET(ctx) forget(ctx)
#define CHECKED_EXPECT(map, address, place) expect_value(ctx, map, address, place)
#define CHECKED_LEAVE_FRAME() (RUN->slots[BPFCC_SLOT_STACK]->lo += BPFCC_FRAME_BYTES, forget(ctx))
#define CHECKED_PACKET_ADDRESS(field) (RUN->slots[BPFCC_SLOT_PACKET]->base + RUN->field)

/* ---- unchecked mode -------------------------------------------------------------------------------------------- */

#define UNCHECKED_REACH(n, address, k, write) uint8_t *host = (uint8_t *)(uintptr_t)(address)
#define UNCHECKED_REACH_FRAME(n, index, k, write) uint8_t *host = FRAME_HOST + (int64_t)((index) + OFF)
#define UNCHECKED_FOLD_REACH(n, address, k) uint8_t *host = (uint8_t *)(uintptr_t)(address)
#define UNCHECKED_FOLD_CHARGE(cost) ((void)(cost))
#define UNCHECKED_ALIGNED(n) ((void)0)
#define UNCHECKED_CHARGE(cost) ((void)(cost))
#define UNCHECKED_GIVE_BACK_STEPS() ((void)0)
#define UNCHECKED_FORGET(ctx) ((void)0)
#define UNCHECKED_EXPECT(map, address, place) ((void)0)
#define UNCHECKED_LEAVE_FRAME() ((void)0)
#define UNCHECKED_PACKET_ADDRESS(field) ((uint64_t)(uintptr_t)(RUN->packet + RUN->field))

#endif
