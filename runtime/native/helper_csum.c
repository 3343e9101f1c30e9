/* Internet checksums: one's-complement sums as the kernel keeps them, unfolded in 32 bits. */
#include "helper.h"

enum {
    HDR_FIELD_MASK = 0xf,
    PSEUDO_HDR = 1 << 4,
    MARK_MANGLED_0 = 1 << 5,
    MARK_ENFORCE = 1 << 6,
    IPV6_FLAG = 1 << 7,
    EACCES_NUMBER = 13,
};

static uint32_t add(uint32_t a, uint32_t b)
{
    uint64_t sum = (uint64_t)a + b;
    return (uint32_t)(sum + (sum >> 32));
}

uint32_t bpfcc_sum(const uint8_t *bytes, uint64_t length, uint32_t sum)
{
    uint64_t total = sum;
    for (; length >= 4; bytes += 4, length -= 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        total += word;
    }
    if (length >= 2)
        total += bpfcc_get16(bytes), bytes += 2, length -= 2;
    if (length)
        total += bytes[0];
    total = (total & 0xffffffffu) + (total >> 32);
    return (uint32_t)(total + (total >> 32));
}

/* To 16 bits, not complemented. */
static uint32_t to16(uint32_t sum)
{
    sum += sum >> 16 | sum << 16;
    return sum >> 16;
}

static uint16_t fold(uint32_t sum)
{
    return (uint16_t)~to16(sum);
}

HELPER(csum_diff)
{
    uint32_t from_size = (uint32_t)r2, to_size = (uint32_t)r4, seed = (uint32_t)r5, result = seed;
    const uint8_t *from = from_size ? bpfcc_access(run, r1, from_size, 0) : NULL;
    const uint8_t *to = to_size ? bpfcc_access(run, r3, to_size, 0) : NULL;
    if ((from_size && !from) || (to_size && !to))
        return BPFCC_ERR(BPFCC_EFAULT);
    if (from_size && to_size)
        result = add(bpfcc_sum(to, to_size, seed), ~bpfcc_sum(from, from_size, 0));
    else if (to_size)
        result = bpfcc_sum(to, to_size, seed);
    else if (from_size)
        result = ~bpfcc_sum(from, from_size, ~seed);
    return to16(result);
}

static uint8_t *packet_at(struct bpfcc_run *run, uint64_t offset, uint64_t size)
{
    uint64_t length = run->packet_end - run->packet_data;
    return offset <= length && size <= length - offset ? run->packet + run->packet_data + offset : NULL;
}

static void store(uint8_t *at, uint16_t sum)
{
    at[0] = (uint8_t)sum;
    at[1] = (uint8_t)(sum >> 8);
}

static void replace_by_diff(uint8_t *at, uint32_t diff)
{
    store(at, fold(add(diff, ~(uint32_t)bpfcc_get16(at))));
}

static void replace4(uint8_t *at, uint32_t from, uint32_t to)
{
    store(at, fold(add(add(~(uint32_t)bpfcc_get16(at), ~from), to)));
}

static uint16_t add16(uint16_t a, uint16_t b)
{
    uint16_t sum = (uint16_t)(a + b);
    return (uint16_t)(sum + (sum < b));
}

static void replace2(uint8_t *at, uint16_t from, uint16_t to)
{
    store(at, (uint16_t)~add16(add16((uint16_t)~bpfcc_get16(at), (uint16_t)~from), to));
}

HELPER(l3_csum_replace)
{
    if (r5 & ~(uint64_t)HDR_FIELD_MASK)
        return BPFCC_ERR(BPFCC_EINVAL);
    uint32_t offset = (uint32_t)r2;
    uint8_t *at = offset > 0xffff || offset & 1 ? NULL : packet_at(run, offset, 2);
    if (!at)
        return BPFCC_ERR(BPFCC_EFAULT);
    bpfcc_packet_moved(run);
    switch (r5 & HDR_FIELD_MASK) {
    case 0:
        if (r3)
            return BPFCC_ERR(BPFCC_EINVAL);
        replace_by_diff(at, (uint32_t)r4);
        return 0;
    case 2:
        replace2(at, (uint16_t)r3, (uint16_t)r4);
        return 0;
    case 4:
        replace4(at, (uint32_t)r3, (uint32_t)r4);
        return 0;
    default:
        return BPFCC_ERR(BPFCC_EINVAL);
    }
}

HELPER(l4_csum_replace)
{
    if (r5 & ~(uint64_t)(HDR_FIELD_MASK | PSEUDO_HDR | MARK_MANGLED_0 | MARK_ENFORCE | IPV6_FLAG))
        return BPFCC_ERR(BPFCC_EINVAL);
    uint32_t offset = (uint32_t)r2;
    uint8_t *at = offset > 0xffff || offset & 1 ? NULL : packet_at(run, offset, 2);
    if (!at)
        return BPFCC_ERR(BPFCC_EFAULT);
    bpfcc_packet_moved(run);
    if (r5 & MARK_MANGLED_0 && !(r5 & MARK_ENFORCE) && !bpfcc_get16(at))
        return 0; /* a UDP datagram without a checksum keeps having none */
    switch (r5 & HDR_FIELD_MASK) {
    case 0:
        if (r3)
            return BPFCC_ERR(BPFCC_EINVAL);
        replace_by_diff(at, (uint32_t)r4);
        break;
    case 2:
        replace4(at, (uint16_t)r3, (uint16_t)r4);
        break;
    case 4:
        replace4(at, (uint32_t)r3, (uint32_t)r4);
        break;
    default:
        return BPFCC_ERR(BPFCC_EINVAL);
    }
    if (r5 & MARK_MANGLED_0 && !bpfcc_get16(at))
        store(at, 0xffff);
    return 0;
}

/* No packet here carries a checksum that a device computed: Linux answers so for CHECKSUM_NONE. */
HELPER(csum_update) { return BPFCC_ERR(BPFCC_ENOTSUPP); }

HELPER(csum_level)
{
    enum { QUERY = 0, INC = 1, DEC = 2, RESET = 3 };
    if (r2 == QUERY)
        return BPFCC_ERR(EACCES_NUMBER);
    return r2 <= RESET ? 0 : BPFCC_ERR(BPFCC_EINVAL);
}
