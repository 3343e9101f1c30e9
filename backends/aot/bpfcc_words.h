/* ---- memory: any address, any alignment, any type --------------------------------------------------------------------- */

typedef uint16_t __attribute__((may_alias, aligned(1))) bpfcc_u16;
typedef uint32_t __attribute__((may_alias, aligned(1))) bpfcc_u32;
typedef uint64_t __attribute__((may_alias, aligned(1))) bpfcc_u64;
typedef uint8_t __attribute__((may_alias)) bpfcc_u8;

BPFCC_INLINE uint8_t *memory(uint64_t address)
{
    return (uint8_t *)(uintptr_t)address;
}
BPFCC_INLINE uint64_t address_of(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}
/* An address some bytes further, or back, which may lie outside of everything as long as nothing is accessed there. In C such a
 * pointer must not be made by `p + by`, unless the compiler is told that pointers wrap (-fwrapv-pointer): then it sees through this. */
BPFCC_INLINE uint8_t *plus(uint8_t *p, uint64_t by)
{
#if defined(BPFCC_POINTERS_WRAP)
    return p + by;
#else
    return (uint8_t *)((uintptr_t)p + (uintptr_t)by);
#endif
}

#define BPFCC_ACCESS(bits, wide) \
    BPFCC_INLINE wide ld##bits(const void *p) { return *(const bpfcc_u##bits *)p; } \
    BPFCC_INLINE void st##bits(void *p, uint64_t v) { *(bpfcc_u##bits *)p = (uint##bits##_t)v; } \
    /* Of memory that others write meanwhile: read and written once. */ \
    BPFCC_INLINE wide ld##bits##_once(const void *p) { return *(const volatile bpfcc_u##bits *)p; } \
    BPFCC_INLINE void st##bits##_once(void *p, uint64_t v) { *(volatile bpfcc_u##bits *)p = (uint##bits##_t)v; } \
    BPFCC_INLINE wide ld##bits##_acquire(const void *p) { return __atomic_load_n((const uint##bits##_t *)p, __ATOMIC_ACQUIRE); } \
    BPFCC_INLINE void st##bits##_release(void *p, uint64_t v) { __atomic_store_n((uint##bits##_t *)p, (uint##bits##_t)v, __ATOMIC_RELEASE); }
BPFCC_ACCESS(8, uint32_t)
BPFCC_ACCESS(16, uint32_t)
BPFCC_ACCESS(32, uint32_t)
BPFCC_ACCESS(64, uint64_t)

/* Without a result: relaxed; with what was there before: sequentially consistent (RFC 9669, 5.3). */
#define BPFCC_ATOMIC(bits, name, builtin) \
    BPFCC_INLINE void atomic_##name##bits(void *p, uint64_t v) { (void)builtin((uint##bits##_t *)p, (uint##bits##_t)v, __ATOMIC_RELAXED); } \
    BPFCC_INLINE uint##bits##_t fetch_##name##bits(void *p, uint64_t v) { return builtin((uint##bits##_t *)p, (uint##bits##_t)v, __ATOMIC_SEQ_CST); }
BPFCC_ATOMIC(32, add, __atomic_fetch_add)
BPFCC_ATOMIC(64, add, __atomic_fetch_add)
BPFCC_ATOMIC(32, or, __atomic_fetch_or)
BPFCC_ATOMIC(64, or, __atomic_fetch_or)
BPFCC_ATOMIC(32, and, __atomic_fetch_and)
BPFCC_ATOMIC(64, and, __atomic_fetch_and)
BPFCC_ATOMIC(32, xor, __atomic_fetch_xor)
BPFCC_ATOMIC(64, xor, __atomic_fetch_xor)
BPFCC_ATOMIC(32, xchg, __atomic_exchange_n)
BPFCC_ATOMIC(64, xchg, __atomic_exchange_n)

BPFCC_INLINE uint32_t cmpxchg32(void *p, uint64_t expected, uint64_t v)
{
    uint32_t found = (uint32_t)expected;
    (void)__atomic_compare_exchange_n((uint32_t *)p, &found, (uint32_t)v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return found;
}
BPFCC_INLINE uint64_t cmpxchg64(void *p, uint64_t expected, uint64_t v)
{
    (void)__atomic_compare_exchange_n((uint64_t *)p, &expected, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}

/* ---- arithmetic that C leaves open, as RFC 9669 has it ------------------------------------------------------------------ */

BPFCC_INLINE uint32_t div32(uint32_t a, uint32_t b) { return b ? a / b : 0; }
BPFCC_INLINE uint64_t div64(uint64_t a, uint64_t b) { return b ? a / b : 0; }
BPFCC_INLINE uint32_t mod32(uint32_t a, uint32_t b) { return b ? a % b : a; }
BPFCC_INLINE uint64_t mod64(uint64_t a, uint64_t b) { return b ? a % b : a; }
BPFCC_INLINE uint32_t sdiv32(uint32_t a, uint32_t b)
{
    return b == 0 ? 0 : b == UINT32_MAX ? 0 - a : (uint32_t)((int32_t)a / (int32_t)b);
}
BPFCC_INLINE uint64_t sdiv64(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
}
BPFCC_INLINE uint32_t smod32(uint32_t a, uint32_t b)
{
    return b == 0 ? a : b == UINT32_MAX ? 0 : (uint32_t)((int32_t)a % (int32_t)b);
}
BPFCC_INLINE uint64_t smod64(uint64_t a, uint64_t b)
{
    return b == 0 ? a : b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
}
/* Shifts of negative numbers to the right keep the sign: so do clang and gcc, everywhere. */
BPFCC_INLINE uint32_t arsh32(uint32_t a, unsigned n) { return (uint32_t)((int32_t)a >> (n & 31)); }
BPFCC_INLINE uint64_t arsh64(uint64_t a, unsigned n) { return (uint64_t)((int64_t)a >> (n & 63)); }
BPFCC_INLINE uint32_t sext8(uint64_t v) { return (uint32_t)(int32_t)(int8_t)(uint8_t)v; }
BPFCC_INLINE uint32_t sext16(uint64_t v) { return (uint32_t)(int32_t)(int16_t)(uint16_t)v; }
BPFCC_INLINE uint64_t sext32(uint64_t v) { return (uint64_t)(int64_t)(int32_t)(uint32_t)v; }
BPFCC_INLINE uint32_t swapped16(uint64_t v) { return (uint32_t)((v & 0xff) << 8 | (v >> 8 & 0xff)); }
BPFCC_INLINE uint32_t swapped32(uint64_t v) { return __builtin_bswap32((uint32_t)v); }
BPFCC_INLINE uint64_t swapped64(uint64_t v) { return __builtin_bswap64(v); }
