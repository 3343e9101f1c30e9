"""Logic, shifts and changes of width on abstract words.

    and_(any, 255)                    = [0, 255]
    and_([0, 1500], -8)               = [0, 1496] step 8
    rsh(lsh(any, 48), 48)             = [0, 65535]
    arsh(lsh(low signed [-5, 5], 32), 32) = signed [-5, 5]

Each function gives the result of the 64-bit operation; `zext` and `sext` make the operands and results of narrower ones.
"""

# The hottest functions of the verifier: min, max and tuples cost several times what they replace.
# ruff: noqa: FURB136, PLR1730
from __future__ import annotations

from bpfcc.verifier.domains.lattice import LOW
from bpfcc.verifier.domains.number import TOP, Scalar, const
from bpfcc.verifier.domains.reduction import low_half, narrow, reduce, word
from bpfcc.verifier.domains.word import (
    BITS,
    BYTE,
    HALF,
    HIGH,
    S32MAX,
    S32MIN,
    SIGN,
    SIGN32,
    SMAX,
    SMIN,
    SPAN32,
    U32MAX,
    UMAX,
    swap_bytes,
)

_ALL = const(UMAX)


def _signed_smear(a: Scalar, b: Scalar) -> int:
    """The smallest 2**k such that both are in [-2**k, 2**k): so is what any bitwise operation makes of them."""
    k = (a.smin if a.smin >= 0 else ~a.smin).bit_length()
    for bound in (a.smax, b.smin, b.smax):
        size = (bound if bound >= 0 else ~bound).bit_length()
        if size > k:
            k = size
    return 1 << k


def and_(a: Scalar, b: Scalar) -> Scalar:
    """a & b."""
    if a.umin == a.umax:
        a, b = b, a
    possible = a.value | a.mask
    if possible & ~b.value == 0:
        return a
    value = a.value & b.value
    mask = possible & (b.value | b.mask) & ~value
    if mask == 0:
        return const(value)
    lo = value
    hi = a.umax if a.umax < b.umax else b.umax
    if b.umin == b.umax:
        c = b.umin
        rest = c ^ UMAX
        if rest & (rest + 1) == 0:
            # Low bits cleared: rounding down keeps the order, signed too.
            negative = ~rest
            return word(a.umin & c, a.umax & c, a.smin & negative, a.smax & negative, value, mask, 1, 0)
        if c & (c + 1) == 0 and (a.umin ^ a.umax) & rest == 0:
            # The bits above agree in all words: what is left keeps the order.
            lo = a.umin & c
            hi = a.umax & c
    if hi <= S32MAX:
        return narrow(lo, hi, value, mask, 1, 0) or TOP
    # Of two negative numbers, all bits above the highest zero stay.
    least = a.smin if a.smin < b.smin else b.smin
    highest = a.smax if a.smax > b.smax else b.smax
    return word(lo, hi, -(1 << (~least).bit_length()) if least < 0 else 0, highest, value, mask, 1, 0)


def or_(a: Scalar, b: Scalar) -> Scalar:
    """a | b."""
    if a.umin == a.umax:
        a, b = b, a
    value = a.value | b.value
    mask = (a.mask | b.mask) & ~value
    if (a.value | a.mask) & (b.value | b.mask) == 0:
        return _disjoint(a, b, value, mask)
    if (b.value | b.mask) & ~a.value == 0:
        return a
    lo = a.umin if a.umin > b.umin else b.umin
    hi = (1 << (a.umax | b.umax).bit_length()) - 1
    if hi <= S32MAX:
        return narrow(lo, hi, value, mask, 1, 0) or TOP
    slo = a.smin if a.smin < b.smin else b.smin
    return word(lo, hi, slo, _signed_smear(a, b) - 1, value, mask, 1, 0)


def _disjoint(a: Scalar, b: Scalar, value: int, mask: int) -> Scalar:
    """a | b (or a ^ b) of words without a bit in common: their sum, without carry."""
    if b.umax == 0:
        return a
    lo = a.umin + b.umin
    hi = a.umax + b.umax
    modulus, residue = (a.modulus, (a.residue + b.umin) % a.modulus) if b.umin == b.umax else (1, 0)
    if hi <= S32MAX:
        return narrow(lo, hi, value, mask, modulus, residue) or TOP
    return word(lo, hi, SMIN, SMAX, value, mask, modulus, residue)


def xor(a: Scalar, b: Scalar) -> Scalar:
    """a ^ b."""
    if a.umin == a.umax:
        a, b = b, a
    mask = a.mask | b.mask
    value = (a.value ^ b.value) & ~mask
    if (a.value | a.mask) & (b.value | b.mask) == 0:
        return _disjoint(a, b, value, mask)
    if b.umin == b.umax:
        c = b.umin
        if c & (c + 1) == 0 and a.umax <= c:
            # All bits there can be are flipped: that is c - a.
            modulus, residue = a.modulus, (c - a.residue) % a.modulus
            smin, smax = (-1 - a.smax, -1 - a.smin) if c == UMAX else (SMIN, SMAX)
            return word(c - a.umax, c - a.umin, smin, smax, value, mask, modulus, residue)
    hi = (1 << (a.umax | b.umax).bit_length()) - 1
    if hi <= S32MAX:
        return narrow(0, hi, value, mask, 1, 0) or TOP
    smear = _signed_smear(a, b)
    return word(0, hi, -smear, smear - 1, value, mask, 1, 0)


def shift_range(b: Scalar) -> tuple[int, int]:
    """The least and the greatest number of places: the amount modulo the width (RFC 9669 section 4.1)."""
    places = BITS - 1
    if b.umax <= places:
        return b.umin, b.umax
    if b.umin & ~places == b.umax & ~places:
        return b.umin & places, b.umax & places
    return b.value & places, (b.value | b.mask) & places


def lsh(a: Scalar, b: Scalar) -> Scalar:
    """a << b."""
    first, last = shift_range(b)
    if first != last:
        return _lsh_some(a, first, last)
    if last == 0:
        return a
    value = a.value << last & UMAX
    mask = a.mask << last & UMAX
    hi = a.umax << last
    if hi <= S32MAX:
        return narrow(a.umin << last, hi, value, mask, a.modulus << last, a.residue << last) or TOP
    lo = a.umin << last
    slo = a.smin << last
    shi = a.smax << last
    modulus, residue = 1, 0
    if hi <= UMAX:
        modulus, residue = a.modulus << last, a.residue << last
    elif lo >> BITS == hi >> BITS:
        # All words lose the same bits.
        lo &= UMAX
        hi &= UMAX
    else:
        lo, hi = 0, UMAX
        if last >= HALF and (a.u32min << last) >> BITS == (a.u32max << last) >> BITS:
            lo = a.u32min << last & UMAX
            hi = a.u32max << last & UMAX
    if slo < SMIN or shi > SMAX:
        slo, shi = SMIN, SMAX
        if last >= HALF and a.s32min << last >= SMIN and a.s32max << last <= SMAX:
            slo = a.s32min << last
            shi = a.s32max << last
    if last < HALF and hi - lo >= SPAN32:
        return reduce(lo, hi, slo, shi, *_lsh_lanes(a, last), value, mask, modulus, residue) or TOP
    return word(lo, hi, slo, shi, value, mask, modulus, residue)


def _lsh_lanes(a: Scalar, places: int) -> tuple[int, int, int, int]:
    """Bounds of the low half of a << places."""
    lo, hi = a.s32min << places, a.s32max << places
    if hi - lo >= SPAN32:
        lo, hi = a.u32min << places, a.u32max << places
    return low_half(lo, hi, 0, U32MAX, S32MIN, S32MAX) if hi - lo < SPAN32 else (0, U32MAX, S32MIN, S32MAX)


def _lsh_some(a: Scalar, first: int, last: int) -> Scalar:
    """a << b for some b in [first, last]: the zeros that come in at the right, and bounds where nothing is lost."""
    possible = a.value | a.mask
    lowest = (possible & -possible) << first
    if lowest == 0:
        return a
    mask = -lowest & UMAX
    hi = a.umax << last
    if hi <= UMAX:
        return word(a.umin << first, hi, SMIN, SMAX, 0, mask, 1, 0)
    slo = a.smin << (last if a.smin < 0 else first)
    shi = a.smax << (last if a.smax >= 0 else first)
    if slo < SMIN or shi > SMAX:
        slo, shi = SMIN, SMAX
    return word(0, UMAX, slo, shi, 0, mask, 1, 0)


def rsh(a: Scalar, b: Scalar) -> Scalar:
    """a >> b, unsigned."""
    first, last = shift_range(b)
    if last == 0:
        return a
    lo = a.umin >> last
    hi = a.umax >> first
    value, mask, modulus, residue = 0, UMAX, 1, 0
    if first == last:
        value = a.value >> last
        mask = a.mask >> last
        if a.modulus & ((1 << last) - 1) == 0:
            modulus = a.modulus >> last
            residue = a.residue >> last
    if hi <= S32MAX:
        return narrow(lo, hi, value, mask, modulus, residue) or TOP
    return word(lo, hi, SMIN, SMAX, value, mask, modulus, residue)


def arsh(a: Scalar, b: Scalar) -> Scalar:
    """a >> b, signed."""
    if a.smin >= 0:
        return rsh(a, b)
    first, last = shift_range(b)
    if last == 0:
        return a
    value, mask = 0, UMAX
    if first == last:
        # An unknown sign is shifted in as unknown bits.
        value = (a.value ^ SIGN) - SIGN >> last & UMAX
        mask = (a.mask ^ SIGN) - SIGN >> last & UMAX
    return word(0, UMAX, a.smin >> first, a.smax >> (first if a.smax >= 0 else last), value, mask, 1, 0)


def zext_half(a: Scalar) -> Scalar:
    """The low half, zero-extended."""
    if a.umax <= U32MAX:
        return a
    if a is TOP:
        return LOW
    modulus, residue = 1, 0
    if a.umin & HIGH == a.umax & HIGH:
        modulus, residue = a.modulus, (a.residue - (a.umin & HIGH)) % a.modulus
    return (
        reduce(a.u32min, a.u32max, SMIN, SMAX, a.u32min, a.u32max, a.s32min, a.s32max, a.value & U32MAX, a.mask & U32MAX, modulus, residue)
        or TOP
    )


def sext_half(a: Scalar) -> Scalar:
    """The low half, sign-extended to the word."""
    if a.smin >= S32MIN and a.smax <= S32MAX:
        return a
    value = ((a.value & U32MAX ^ SIGN32) - SIGN32) & UMAX
    mask = ((a.mask & U32MAX ^ SIGN32) - SIGN32) & UMAX
    return reduce(0, UMAX, a.s32min, a.s32max, a.u32min, a.u32max, a.s32min, a.s32max, value, mask, 1, 0) or TOP


def zext(from_bits: int, width: int, a: Scalar) -> Scalar:
    """The low `from_bits`, zero-extended."""
    bits = from_bits if from_bits < width else width
    if bits >= BITS or a.umax >> bits == 0:
        return a
    if bits == HALF:
        return zext_half(a)
    return and_(zext_half(a) if bits < HALF else a, const((1 << bits) - 1))


def sext(from_bits: int, width: int, a: Scalar) -> Scalar:
    """The low `from_bits`, sign-extended to `width`, then zero-extended."""
    if from_bits >= width:
        return zext(width, width, a)
    if from_bits == HALF:
        return sext_half(a)
    top = 1 << (from_bits - 1)
    if a.smin < -top or a.smax >= top:
        places = const(BITS - from_bits)
        a = arsh(lsh(a, places), places)
    return a if width == BITS else zext_half(a)


def bswap(width: int, a: Scalar) -> Scalar:
    """The low `width` bits with the order of bytes reversed, zero-extended."""
    a = zext(width, width, a)
    if a.umax >> BYTE == 0:
        return lsh(a, const(width - BYTE))
    return word(0, (1 << width) - 1, SMIN, SMAX, swap_bytes(width, a.value), swap_bytes(width, a.mask), 1, 0)
