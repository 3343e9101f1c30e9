"""Addition to remainder on abstract words.

    add([0, 255], 5)        = [5, 260]
    sub([0, 255], 10)       = signed [-10, 245]
    mul([0, 15], 12)        = [0, 180] step 12
    mod(any, 10)            = [0, 9]

Each function gives the result of the 64-bit operation. That of the 32-bit one is its low half (`bpfcc.verifier.domains.scalar`); the two
commonest have a shorter way to it.
Bounds wrap as a whole or not at all; where only a part of them would, unsigned or signed, that pair is lost and the other one may remain.
"""

# The hottest functions of the verifier: min, max and tuples cost several times what they replace.
# ruff: noqa: FURB136, PLR1730, PLR0917
from __future__ import annotations

from math import gcd

from bpfcc.verifier.domains.bits import and_, rsh, zext_half
from bpfcc.verifier.domains.number import TOP, Scalar, const
from bpfcc.verifier.domains.reduction import half, low_half, narrow, reduce, word
from bpfcc.verifier.domains.word import BITS, S32MAX, S32MIN, SMAX, SMIN, SPAN, SPAN32, U32MAX, UMAX


def add_congruence(a: Scalar, b: Scalar) -> tuple[int, int]:
    """Of a + b, as integers; the residue is not reduced."""
    if b.umin == b.umax:
        return a.modulus, a.residue + b.umin
    if a.umin == a.umax:
        return b.modulus, b.residue + a.umin
    return gcd(a.modulus, b.modulus), a.residue + b.residue


def sub_congruence(a: Scalar, b: Scalar) -> tuple[int, int]:
    """Of a - b, as integers; the residue is not reduced."""
    if b.umin == b.umax:
        return a.modulus, a.residue - b.umin
    if a.umin == a.umax:
        return b.modulus, a.umin - b.residue
    return gcd(a.modulus, b.modulus), a.residue - b.residue


def mul_congruence(a: Scalar, b: Scalar) -> tuple[int, int]:
    """Of a * b, as integers, not reduced: (m k + r)(n l + s) = m n k l + m s k + n r l + r s."""
    if b.umin == b.umax:
        return a.modulus * b.umin, a.residue * b.umin
    if a.umin == a.umax:
        return b.modulus * a.umin, b.residue * a.umin
    return gcd(a.modulus * b.modulus, a.modulus * b.residue, b.modulus * a.residue), a.residue * b.residue


def add(a: Scalar, b: Scalar) -> Scalar:
    """a + b."""
    if a is TOP or b is TOP:
        return TOP
    if b.umax == 0:
        return a
    # Known bits of a sum: carries are unknown where a sum with all unknown bits set differs from one with none.
    value = a.value + b.value
    mask = (value + a.mask + b.mask) ^ value | a.mask | b.mask
    modulus, residue = add_congruence(a, b)
    lo = a.umin + b.umin
    hi = a.umax + b.umax
    if hi <= S32MAX:
        return narrow(lo, hi, value & ~mask, mask, modulus, residue % modulus) or TOP
    slo = a.smin + b.smin
    shi = a.smax + b.smax
    lanes = _ANY_LANES if hi - lo < SPAN32 or shi - slo < SPAN32 else _add_lanes(a, b)
    return _wrapped(lo, hi, slo, shi, value & ~mask & UMAX, mask & UMAX, modulus, residue, lanes)


def sub(a: Scalar, b: Scalar) -> Scalar:
    """a - b."""
    if a is TOP or b is TOP:
        return TOP
    if b.umax == 0:
        return a
    value = a.value - b.value
    mask = (value + a.mask) ^ (value - b.mask) | a.mask | b.mask
    modulus, residue = sub_congruence(a, b)
    lo = a.umin - b.umax
    hi = a.umax - b.umin
    if lo >= 0 and hi <= S32MAX:
        return narrow(lo, hi, value & ~mask & UMAX, mask & UMAX, modulus, residue % modulus) or TOP
    slo = a.smin - b.smax
    shi = a.smax - b.smin
    lanes = _ANY_LANES if hi - lo < SPAN32 or shi - slo < SPAN32 else _sub_lanes(a, b)
    return _wrapped(lo, hi, slo, shi, value & ~mask & UMAX, mask & UMAX, modulus, residue, lanes)


Lanes = tuple[int, int, int, int]
_ANY_LANES: Lanes = (0, U32MAX, S32MIN, S32MAX)


def lanes_of(lo: int, hi: int) -> Lanes:
    """Bounds of the low half of the integers in [lo, hi]."""
    return low_half(lo, hi, 0, U32MAX, S32MIN, S32MAX) if hi - lo < SPAN32 else _ANY_LANES


def _add_lanes(a: Scalar, b: Scalar) -> Lanes:
    """Bounds of the low half of a + b, from those of the low halves: signed or unsigned, as each is the narrower."""
    if a.s32max - a.s32min + b.s32max - b.s32min < a.u32max - a.u32min + b.u32max - b.u32min:
        return lanes_of(a.s32min + b.s32min, a.s32max + b.s32max)
    return lanes_of(a.u32min + b.u32min, a.u32max + b.u32max)


def _sub_lanes(a: Scalar, b: Scalar) -> Lanes:
    """Bounds of the low half of a - b."""
    if a.s32max - a.s32min + b.s32max - b.s32min < a.u32max - a.u32min + b.u32max - b.u32min:
        return lanes_of(a.s32min - b.s32max, a.s32max - b.s32min)
    return lanes_of(a.u32min - b.u32max, a.u32max - b.u32min)


def _wrapped(lo: int, hi: int, slo: int, shi: int, value: int, mask: int, modulus: int, residue: int, lanes: Lanes) -> Scalar:
    """The integers of [lo, hi] (and, read as signed, of [slo, shi]) as words. What fits after one wrap is shifted by it, the rest lost."""
    if lo >= SPAN:
        lo -= SPAN
        hi -= SPAN
        residue -= SPAN
    elif hi < 0:
        lo += SPAN
        hi += SPAN
        residue += SPAN
    elif lo < 0 or hi >= SPAN:
        # Some wrap and some do not: a congruence survives as far as it divides the span.
        lo = 0
        hi = UMAX
        modulus = gcd(modulus, SPAN)
    if slo > SMAX:
        slo -= SPAN
        shi -= SPAN
    elif shi < SMIN:
        slo += SPAN
        shi += SPAN
    elif slo < SMIN or shi > SMAX:
        slo = SMIN
        shi = SMAX
    if lanes is _ANY_LANES:
        return word(lo, hi, slo, shi, value, mask, modulus, residue % modulus)
    return reduce(lo, hi, slo, shi, *lanes, value, mask, modulus, residue % modulus) or TOP


def add_half(a: Scalar, b: Scalar) -> Scalar:
    """The low half of a + b, zero-extended."""
    a = zext_half(a)
    b = zext_half(b)
    value = a.value + b.value
    mask = (value + a.mask + b.mask) ^ value | a.mask | b.mask
    modulus, residue = add_congruence(a, b)
    lo = a.umin + b.umin
    hi = a.umax + b.umax
    if hi <= S32MAX:
        return narrow(lo, hi, value & ~mask, mask, modulus, residue % modulus) or TOP
    return _wrapped_half(lo, hi, a.s32min + b.s32min, a.s32max + b.s32max, value & ~mask, mask, modulus, residue)


def sub_half(a: Scalar, b: Scalar) -> Scalar:
    """The low half of a - b, zero-extended."""
    a = zext_half(a)
    b = zext_half(b)
    value = a.value - b.value
    mask = (value + a.mask) ^ (value - b.mask) | a.mask | b.mask
    modulus, residue = sub_congruence(a, b)
    lo = a.umin - b.umax
    hi = a.umax - b.umin
    if lo >= 0 and hi <= S32MAX:
        return narrow(lo, hi, value & ~mask & U32MAX, mask & U32MAX, modulus, residue % modulus) or TOP
    return _wrapped_half(lo, hi, a.s32min - b.s32max, a.s32max - b.s32min, value & ~mask, mask, modulus, residue)


def _wrapped_half(lo: int, hi: int, slo: int, shi: int, value: int, mask: int, modulus: int, residue: int) -> Scalar:
    """The same for the low half: words of which the upper half is zero."""
    if lo >= SPAN32:
        lo -= SPAN32
        hi -= SPAN32
        residue -= SPAN32
    elif hi < 0:
        lo += SPAN32
        hi += SPAN32
        residue += SPAN32
    elif lo < 0 or hi >= SPAN32:
        lo = 0
        hi = U32MAX
        modulus = gcd(modulus, SPAN32)
    if slo > S32MAX:
        slo -= SPAN32
        shi -= SPAN32
    elif shi < S32MIN:
        slo += SPAN32
        shi += SPAN32
    elif slo < S32MIN or shi > S32MAX:
        slo = S32MIN
        shi = S32MAX
    value &= U32MAX
    mask &= U32MAX
    if hi <= S32MAX:
        return narrow(lo if lo > slo else slo, hi if hi < shi else shi, value, mask, modulus, residue % modulus) or TOP
    return half(lo, hi, slo, shi, value, mask, modulus, residue % modulus) or TOP


def mul(a: Scalar, b: Scalar) -> Scalar:
    """a * b."""
    if a.umin == a.umax:
        a, b = b, a
    if b.umin == b.umax:
        if b.umin <= 1:
            return a if b.umin else b
        value, mask = 0, UMAX
        # Where the unknown bits have no known ones among them, bounds and congruence say all that bits could.
        if b.umin & (b.umin - 1) == 0 or a.mask & (a.mask + (a.mask & -a.mask)):
            value, mask = mul_bits(a.value, a.mask, b.umin)
    else:
        value, mask = 0, UMAX
    modulus, residue = mul_congruence(a, b)
    lo = a.umin * b.umin
    hi = a.umax * b.umax
    if hi <= S32MAX:
        return narrow(lo, hi, value, mask, modulus, residue % modulus) or TOP
    if a is TOP and b.umin != b.umax:
        return TOP
    if hi > UMAX:
        modulus = gcd(modulus, SPAN)
    slo, shi = products(a.smin, a.smax, b.smin, b.smax)
    if hi - lo >= SPAN:
        lo, hi = 0, UMAX
    elif lo >> BITS == hi >> BITS:
        lo &= UMAX
        hi &= UMAX
    else:
        lo, hi = 0, UMAX
    lanes = _ANY_LANES
    if hi - lo >= SPAN32:
        l32, h32 = products(a.s32min, a.s32max, b.s32min, b.s32max)
        lanes = lanes_of(a.u32min * b.u32min, a.u32max * b.u32max) if h32 - l32 >= SPAN32 else lanes_of(l32, h32)
    if slo < SMIN or shi > SMAX:
        slo, shi = SMIN, SMAX
    return reduce(lo, hi, slo, shi, *lanes, value, mask, modulus, residue % modulus) or TOP


def products(alo: int, ahi: int, blo: int, bhi: int) -> tuple[int, int]:
    """The least and the greatest product of two ranges of integers: at the corners."""
    if alo >= 0 and blo >= 0:
        return alo * blo, ahi * bhi
    p, q, r, s = alo * blo, alo * bhi, ahi * blo, ahi * bhi
    return min(p, q, r, s), max(p, q, r, s)


def mul_bits(value: int, mask: int, factor: int) -> tuple[int, int]:
    """Known bits of a product with a constant: exact shifts, added up; past a few ones only the bounds and the congruence tell."""
    if factor & (factor - 1) == 0:
        return value * factor & UMAX, mask * factor & UMAX
    if factor.bit_count() > 3:
        return 0, UMAX
    total, unknown = 0, 0
    while factor:
        one = factor & -factor
        factor ^= one
        more, blur = value * one, mask * one
        total += more
        unknown = (total + unknown + blur) ^ total | unknown | blur
        total &= ~unknown
    return total & UMAX, unknown & UMAX


def div(a: Scalar, b: Scalar) -> Scalar:
    """a / b, unsigned; nothing divided by zero is zero (RFC 9669 section 4.1)."""
    if b.umin == b.umax:
        c = b.umin
        if c & (c - 1) == 0:
            return rsh(a, const(c.bit_length() - 1)) if c else b
        exact = a.modulus % c == 0
        modulus, residue = (a.modulus // c, a.residue // c) if exact else (1, 0)
        lo, hi = a.umin // c, a.umax // c
    else:
        lo = a.umin // b.umax if b.umin else 0
        hi = a.umax // b.umin if b.umin else a.umax
        modulus, residue = 1, 0
    if hi <= S32MAX:
        return narrow(lo, hi, 0, UMAX, modulus, residue) or TOP
    return word(lo, hi, SMIN, SMAX, 0, UMAX, modulus, residue)


def mod(a: Scalar, b: Scalar) -> Scalar:
    """a % b, unsigned; the remainder by zero is the dividend."""
    if a.umax < b.umin or b.umax == 0:
        return a
    modulus, residue = 1, 0
    if b.umin == b.umax:
        c = b.umin
        if c & (c - 1) == 0:
            return and_(a, const(c - 1))
        quotient = a.umin // c
        if quotient == a.umax // c:
            lo, hi = a.umin - quotient * c, a.umax - quotient * c
            modulus, residue = a.modulus, (a.residue - quotient * c) % a.modulus
        else:
            lo, hi = 0, c - 1
            modulus = gcd(a.modulus, c)
            residue = a.residue % modulus
    else:
        lo = 0
        hi = b.umax - 1 if b.umin and b.umax <= a.umax else a.umax
    if hi <= S32MAX:
        return narrow(lo, hi, 0, UMAX, modulus, residue) or TOP
    return word(lo, hi, SMIN, SMAX, 0, UMAX, modulus, residue)


def _toward_zero(dividend: int, divisor: int) -> int:
    return dividend // divisor if dividend >= 0 else -(-dividend // divisor)


def sdiv(a: Scalar, b: Scalar) -> Scalar:
    """a / b, signed, rounded toward zero; INT_MIN / -1 is INT_MIN."""
    if a.smin >= 0 and b.smin >= 0:
        return div(a, b)
    if b.smax == -1 and b.smin == -1:
        return sub(const(0), a)
    if b.smin > 0:
        lo = _toward_zero(a.smin, b.smin if a.smin < 0 else b.smax)
        hi = _toward_zero(a.smax, b.smin if a.smax >= 0 else b.smax)
    elif b.smax < -1:
        lo = -_toward_zero(a.smax, -b.smax if a.smax >= 0 else -b.smin)
        hi = -_toward_zero(a.smin, -b.smax if a.smin < 0 else -b.smin)
    else:
        most = -a.smin if -a.smin > a.smax else a.smax
        if most > SMAX:
            return TOP
        lo, hi = -most, most
    return word(0, UMAX, lo, hi, 0, UMAX, 1, 0)


def smod(a: Scalar, b: Scalar) -> Scalar:
    """a % b, signed, with the sign of the dividend; the remainder by zero is the dividend."""
    if a.smin >= 0 and b.smin >= 0:
        return mod(a, b)
    lo = a.smin if a.smin < 0 else 0
    hi = a.smax if a.smax > 0 else 0
    if b.smin > 0 or b.smax < 0:
        most = (-b.smin if -b.smin > b.smax else b.smax) - 1
        if -most > lo:
            lo = -most
        if most < hi:
            hi = most
    return word(0, UMAX, lo, hi, 0, UMAX, 1, 0)
