/* Arithmetic of RFC 9669 section 4.1 on 64-bit words: nothing here is undefined. */
#ifndef BPFCC_INTERP_ALU_H
#define BPFCC_INTERP_ALU_H

#include <stdint.h>

#define ALU_FUNCTIONS(W, T, S)                                                                               \
    static inline uint64_t add##W(uint64_t x, uint64_t y) { return (T)((T)x + (T)y); }                       \
    static inline uint64_t sub##W(uint64_t x, uint64_t y) { return (T)((T)x - (T)y); }                       \
    static inline uint64_t mul##W(uint64_t x, uint64_t y) { return (T)((T)x * (T)y); }                       \
    static inline uint64_t and##W(uint64_t x, uint64_t y) { return (T)((T)x & (T)y); }                       \
    static inline uint64_t or##W(uint64_t x, uint64_t y) { return (T)((T)x | (T)y); }                        \
    static inline uint64_t xor##W(uint64_t x, uint64_t y) { return (T)((T)x ^ (T)y); }                       \
    static inline uint64_t lsh##W(uint64_t x, uint64_t y) { return (T)((T)x << (y & (W - 1))); }             \
    static inline uint64_t rsh##W(uint64_t x, uint64_t y) { return (T)((T)x >> (y & (W - 1))); }             \
    static inline uint64_t arsh##W(uint64_t x, uint64_t y) { return (T)((S)(T)x >> (y & (W - 1))); }         \
    static inline uint64_t div##W(uint64_t x, uint64_t y) { return (T)y ? (T)x / (T)y : 0; }                 \
    static inline uint64_t mod##W(uint64_t x, uint64_t y) { return (T)y ? (T)((T)x % (T)y) : (T)x; }         \
    static inline uint64_t sdiv##W(uint64_t x, uint64_t y)                                                   \
    {                                                                                                        \
        return !(T)y ? 0 : (T)y == (T)-1 ? (T)(0 - (T)x) : (T)((S)(T)x / (S)(T)y);                           \
    }                                                                                                        \
    static inline uint64_t smod##W(uint64_t x, uint64_t y)                                                   \
    {                                                                                                        \
        return !(T)y ? (T)x : (T)y == (T)-1 ? 0 : (T)((S)(T)x % (S)(T)y);                                    \
    }                                                                                                        \
    static inline uint64_t rotl##W(uint64_t x, uint64_t y)                                                   \
    {                                                                                                        \
        return (T)((T)x << (y & (W - 1)) | (T)x >> ((W - y) & (W - 1)));                                     \
    }                                                                                                        \
    static inline int is_eq##W(uint64_t x, uint64_t y) { return (T)x == (T)y; }                              \
    static inline int is_ne##W(uint64_t x, uint64_t y) { return (T)x != (T)y; }                              \
    static inline int is_ult##W(uint64_t x, uint64_t y) { return (T)x < (T)y; }                              \
    static inline int is_ule##W(uint64_t x, uint64_t y) { return (T)x <= (T)y; }                             \
    static inline int is_ugt##W(uint64_t x, uint64_t y) { return (T)x > (T)y; }                              \
    static inline int is_uge##W(uint64_t x, uint64_t y) { return (T)x >= (T)y; }                             \
    static inline int is_slt##W(uint64_t x, uint64_t y) { return (S)(T)x < (S)(T)y; }                        \
    static inline int is_sle##W(uint64_t x, uint64_t y) { return (S)(T)x <= (S)(T)y; }                       \
    static inline int is_sgt##W(uint64_t x, uint64_t y) { return (S)(T)x > (S)(T)y; }                        \
    static inline int is_sge##W(uint64_t x, uint64_t y) { return (S)(T)x >= (S)(T)y; }                       \
    static inline int is_test##W(uint64_t x, uint64_t y) { return (T)(x & y) != 0; }                         \
    static inline int is_ntest##W(uint64_t x, uint64_t y) { return (T)(x & y) == 0; }

ALU_FUNCTIONS(64, uint64_t, int64_t)
ALU_FUNCTIONS(32, uint32_t, int32_t)

static inline uint64_t bswap16(uint64_t x) { return (uint16_t)((uint16_t)x << 8 | (uint16_t)x >> 8); }
static inline uint64_t bswap32(uint64_t x)
{
    uint32_t v = (uint32_t)x;
    return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}
static inline uint64_t bswap64(uint64_t x) { return bswap32(x) << 32 | bswap32(x >> 32); }

/* Forms: an operation on x with its second operand r (a register) or i (an immediate). */
#define REGISTER_FORM(kind) \
    static inline uint64_t f_##kind(uint64_t x, uint64_t r, uint64_t i) { return (void)i, kind(x, r); }
#define IMMEDIATE_FORM(kind) \
    static inline uint64_t f_##kind##i(uint64_t x, uint64_t r, uint64_t i) { return (void)r, kind(x, i); }
#define FORMS(W)                                                                                             \
    REGISTER_FORM(add##W) REGISTER_FORM(sub##W) REGISTER_FORM(mul##W) REGISTER_FORM(and##W)                  \
    REGISTER_FORM(or##W) REGISTER_FORM(xor##W) IMMEDIATE_FORM(add##W) IMMEDIATE_FORM(mul##W)                 \
    IMMEDIATE_FORM(and##W) IMMEDIATE_FORM(xor##W) IMMEDIATE_FORM(lsh##W) IMMEDIATE_FORM(rsh##W) IMMEDIATE_FORM(rotl##W)
FORMS(64)
FORMS(32)
static inline uint64_t f_zext32(uint64_t x, uint64_t r, uint64_t i) { return (void)r, (void)i, (uint32_t)x; }

#endif
