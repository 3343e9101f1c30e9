"""Reduction: each part of an abstract word made as narrow as the others allow.

    [1, 31] and bits xxxxx000                 becomes        [8, 24] step 8
    signed [-4, 4], low half [0, 9]           becomes        [0, 4]

`narrow`, `half` and `reduce` do the same for words of less and less shape: all bounds equal, an upper half of zeros, anything. They only
ever intersect: a word that all arguments admit is in the result, which tests/proofs shows for each of them.
"""

# The hottest functions of the verifier: min, max and tuples cost several times what they replace.
# ruff: noqa: FURB136, PLR1730, PLR0917
from __future__ import annotations

from math import gcd

from bpfcc.verifier.domains.number import TOP, Scalar, const
from bpfcc.verifier.domains.word import HIGH, S32MAX, S32MIN, SIGN, SIGN32, SPAN, SPAN32, U32MAX, UMAX, inverse


def _point(lo: int, hi: int, value: int, mask: int, modulus: int, residue: int) -> Scalar | None:
    """At most one word is left: `lo`, if it is `hi` and the rest admits it."""
    if lo != hi or lo & ~mask != value or lo % modulus != residue:
        return None
    return const(lo)


def combine(modulus: int, residue: int, value: int, mask: int) -> tuple[int, int, int, int] | None:
    """Congruence and known bits inform each other: the known low bits are a congruence modulo a power of two. `mask` is not 0."""
    step = mask & -mask
    power = modulus & -modulus
    if power >= step:
        low = power - 1
        if (residue ^ value) & low & ~mask:
            return None
        return modulus, residue, (value & ~low) | (residue & low), mask & ~low
    if (residue ^ value) & (power - 1):
        return None
    known = value & (step - 1)
    if power == modulus:
        return step, known, value, mask
    # Chinese remainders: modulus is odd * power, and odd has an inverse modulo step / power.
    wide = step // power
    times = ((known - residue) // power * inverse(modulus // power, wide)) % wide
    residue += modulus * times
    modulus *= wide
    if modulus > UMAX:
        # At most one word is in the class.
        return (SPAN, residue, residue, 0) if residue <= UMAX and (residue ^ value) & ~mask == 0 else None
    return modulus, residue, value, mask


def first_of_class(lo: int, modulus: int, residue: int) -> int:
    """The least number >= lo that is congruent to the residue."""
    return lo + (residue - lo) % modulus


def last_of_class(hi: int, modulus: int, residue: int) -> int:
    """The greatest number <= hi that is congruent to the residue."""
    return hi - (hi - residue) % modulus


def narrow(lo: int, hi: int, value: int, mask: int, modulus: int, residue: int) -> Scalar | None:
    """The words of [lo, hi] with these bits and congruence, for 0 <= lo and hi <= S32MAX: all bounds are the same."""
    if lo >= hi:
        return _point(lo, hi, value, mask, modulus, residue)
    # Bits above the first one in which the bounds differ are known.
    low = (1 << (lo ^ hi).bit_length()) - 1
    if (value ^ lo) & ~(mask | low):
        return None
    if mask > low:
        value = (value & low) | (lo & ~low)
        mask &= low
    if mask == 0:
        return _point(value, value, value, 0, modulus, residue) if lo <= value <= hi else None
    if modulus != mask & -mask:
        combined = combine(modulus, residue, value, mask)
        if combined is None:
            return None
        modulus, residue, value, mask = combined
    if value > lo:
        lo = value
    if value | mask < hi:
        hi = value | mask
    if modulus > 1:
        lo = first_of_class(lo, modulus, residue)
        hi = last_of_class(hi, modulus, residue)
    if mask == 0:
        return _point(value, value, value, 0, modulus, residue) if lo <= value <= hi else None
    if lo >= hi:
        return _point(lo, hi, value, mask, modulus, residue)
    # Another round where the bounds now agree on more bits.
    if (lo ^ hi) << 1 <= low:
        return narrow(lo, hi, value, mask, modulus, residue)
    return Scalar(lo, hi, lo, hi, lo, hi, lo, hi, value, mask, modulus, residue)


def half(lo: int, hi: int, slo: int, shi: int, value: int, mask: int, modulus: int, residue: int) -> Scalar | None:
    """The words of [lo, hi], hi <= U32MAX, whose low half is in [slo, shi] when read as signed, with these bits and congruence."""
    if not (lo <= S32MAX < hi and slo < 0 <= shi and lo <= shi and slo + SPAN32 <= hi):
        signs = agree(lo, hi, slo, shi, SIGN32)
        if signs is None:
            return None
        lo, hi, slo, shi = signs
        if hi <= S32MAX:
            return narrow(lo, hi, value, mask, modulus, residue)
    if lo == hi:
        return _point(lo, hi, value, mask, modulus, residue)
    low = (1 << (lo ^ hi).bit_length()) - 1
    if (value ^ lo) & ~(mask | low):
        return None
    if mask > low:
        value = (value & low) | (lo & ~low)
        mask &= low
    if mask == 0:
        return half(value, value, slo, shi, value, 0, modulus, residue) if lo <= value <= hi else None
    if modulus != mask & -mask:
        combined = combine(modulus, residue, value, mask)
        if combined is None:
            return None
        modulus, residue, value, mask = combined
    first, last = lo, hi
    if value > lo:
        lo = value
    if value | mask < hi:
        hi = value | mask
    if modulus > 1:
        lo = first_of_class(lo, modulus, residue)
        hi = last_of_class(hi, modulus, residue)
        power = gcd(modulus, SPAN32)
        slo = first_of_class(slo, power, residue)
        shi = last_of_class(shi, power, residue)
    if mask == 0:
        return half(value, value, slo, shi, value, 0, modulus, residue) if lo <= value <= hi else None
    # With bounds on both sides of the sign bit, `lo` is the least of the one and `hi` the greatest of the other: each stands alone.
    changed = lo != first or hi != last
    if (changed and (low < U32MAX or (lo ^ hi) << 1 <= low)) or lo >= hi or slo > shi:
        return half(lo, hi, slo, shi, value, mask, modulus, residue)
    return Scalar(lo, hi, lo, hi, lo, hi, slo, shi, value, mask, modulus, residue)


def reduce(
    umin: int,
    umax: int,
    smin: int,
    smax: int,
    u32min: int,
    u32max: int,
    s32min: int,
    s32max: int,
    value: int,
    mask: int,
    modulus: int,
    residue: int,
    fuel: int = 4,
) -> Scalar | None:
    """The words that all of these facts admit, with every fact made as narrow as the others allow; None: there are none."""
    if value > umin:
        umin = value
    if value | mask < umax:
        umax = value | mask
    if umax <= U32MAX:
        lo = umin if umin > smin else smin
        hi = umax if umax < smax else smax
        if u32min > lo:
            lo = u32min
        if u32max < hi:
            hi = u32max
        if hi > S32MAX:
            return half(lo, hi, s32min, s32max, value, mask, modulus, residue)
        return narrow(lo if lo > s32min else s32min, hi if hi < s32max else s32max, value, mask, modulus, residue)
    if modulus > 1 or (mask and mask & 1 == 0):
        if mask and modulus != mask & -mask:
            combined = combine(modulus, residue, value, mask)
            if combined is None:
                return None
            modulus, residue, value, mask = combined
        umin = first_of_class(umin, modulus, residue)
        umax = last_of_class(umax, modulus, residue)
        power = gcd(modulus, SPAN)
        smin = first_of_class(smin, power, residue)
        smax = last_of_class(smax, power, residue)
    signs = agree(umin, umax, smin, smax, SIGN)
    if signs is None:
        return None
    umin, umax, smin, smax = signs
    if value & U32MAX > u32min:
        u32min = value & U32MAX
    if (value | mask) & U32MAX < u32max:
        u32max = (value | mask) & U32MAX
    return _reduce_half(umin, umax, smin, smax, u32min, u32max, s32min, s32max, value, mask, modulus, residue, fuel)


def _reduce_half(
    umin: int,
    umax: int,
    smin: int,
    smax: int,
    u32min: int,
    u32max: int,
    s32min: int,
    s32max: int,
    value: int,
    mask: int,
    modulus: int,
    residue: int,
    fuel: int,
) -> Scalar | None:
    """Second part of `reduce`: from the word to its low half and to the bits."""
    # The low half of a range shorter than the half's span is a range, or two.
    if umax - umin < SPAN32:
        u32min, u32max, s32min, s32max = low_half(umin, umax, u32min, u32max, s32min, s32max)
    elif smax - smin < SPAN32:
        u32min, u32max, s32min, s32max = low_half(smin, smax, u32min, u32max, s32min, s32max)
    if u32min != 0 or u32max != U32MAX or s32min != S32MIN or s32max != S32MAX:
        signs = agree(u32min, u32max, s32min, s32max, SIGN32)
        if signs is None:
            return None
        u32min, u32max, s32min, s32max = signs
    step = mask & -mask
    # Bits above the first one in which the bounds differ are known: of the word, and of the low half.
    low = (1 << (umin ^ umax).bit_length()) - 1
    if (value ^ umin) & ~(mask | low):
        return None
    if mask > low:
        value = (value & low) | (umin & ~low)
        mask &= low
    known = U32MAX & -(1 << (u32min ^ u32max).bit_length())
    if (value ^ u32min) & known & ~mask:
        return None
    if mask & known:
        value |= u32min & mask & known
        mask &= ~known
    if mask == 0:
        # The one word that is left must be in the bounds; that it has the bits is known.
        inside = umin <= value <= umax and smin <= (value ^ SIGN) - SIGN <= smax
        low = value & U32MAX
        inside = inside and u32min <= low <= u32max and s32min <= (low ^ SIGN32) - SIGN32 <= s32max
        return _point(value, value, value, 0, modulus, residue) if inside else None
    return _settle(umin, umax, smin, smax, u32min, u32max, s32min, s32max, value, mask, modulus, residue, step, fuel)


def _settle(
    umin: int,
    umax: int,
    smin: int,
    smax: int,
    u32min: int,
    u32max: int,
    s32min: int,
    s32max: int,
    value: int,
    mask: int,
    modulus: int,
    residue: int,
    step: int,
    fuel: int,
) -> Scalar | None:
    """Third part of `reduce`: from the low half and the bits back to the word, and once more where that told something."""
    lo, hi, slo, shi = umin, umax, smin, smax
    if u32min != 0 or u32max != U32MAX:
        lo = above(umin, u32min, u32max)
        hi = below(umax, u32min, u32max)
        slo = above(smin, u32min, u32max)
        shi = below(smax, u32min, u32max)
    if value > lo:
        lo = value
    if value | mask < hi:
        hi = value | mask
    if smin >= S32MIN and smax <= S32MAX:
        if s32min > slo:
            slo = s32min
        if s32max < shi:
            shi = s32max
    if modulus > 1:
        lo = first_of_class(lo, modulus, residue)
        hi = last_of_class(hi, modulus, residue)
    if lo > hi or slo > shi:
        return None
    if fuel and (lo != umin or hi != umax or slo != smin or shi != smax or mask & -mask != step):
        return reduce(lo, hi, slo, shi, u32min, u32max, s32min, s32max, value, mask, modulus, residue, fuel - 1)
    if lo == hi:
        return _point(lo, hi, value, mask, modulus, residue)
    return Scalar(lo, hi, slo, shi, u32min, u32max, s32min, s32max, value, mask, modulus, residue)


def agree(umin: int, umax: int, smin: int, smax: int, sign: int) -> tuple[int, int, int, int] | None:
    """Unsigned and signed bounds of the same word (or half), exactly: as narrow as both allow."""
    if umin > umax or smin > smax:
        return None
    if umin < sign <= umax and smin < 0 <= smax:
        # The non-negative words are [umin, smax], the negative ones [smin + 2 * sign, umax].
        if umin <= smax:
            if smin + sign + sign <= umax:
                return umin, umax, smin, smax
            umax = smax
        else:
            umin = smin + sign + sign
            if umin > umax:
                return None
    if umin >= sign or smax < 0:
        span = sign + sign
        lo = smin + span if smin + span > umin else umin
        hi = smax + span if smax + span < umax else umax
        return (lo, hi, lo - span, hi - span) if sign <= lo <= hi else None
    lo = smin if smin > umin else umin
    hi = smax if smax < umax else umax
    return (lo, hi, lo, hi) if lo <= hi else None


def low_half(lo: int, hi: int, u32min: int, u32max: int, s32min: int, s32max: int) -> tuple[int, int, int, int]:
    """Bounds of the low half of the integers in [lo, hi], narrowed further by those that are known; hi - lo < SPAN32."""
    lo &= U32MAX
    hi &= U32MAX
    if lo <= hi:
        if lo > u32min:
            u32min = lo
        if hi < u32max:
            u32max = hi
    lo = (lo ^ SIGN32) - SIGN32
    hi = (hi ^ SIGN32) - SIGN32
    if lo <= hi:
        if lo > s32min:
            s32min = lo
        if hi < s32max:
            s32max = hi
    return u32min, u32max, s32min, s32max


def above(x: int, u32min: int, u32max: int) -> int:
    """The smallest integer >= x whose low half is in [u32min, u32max]."""
    low = x & U32MAX
    if low < u32min:
        x = (x & HIGH) | u32min
    elif low > u32max:
        x = ((x & HIGH) + SPAN32) | u32min
    return x


def below(x: int, u32min: int, u32max: int) -> int:
    """The largest integer <= x whose low half is in [u32min, u32max]."""
    low = x & U32MAX
    if low > u32max:
        x = (x & HIGH) | u32max
    elif low < u32min:
        x = ((x & HIGH) - SPAN32) | u32max
    return x


def word(umin: int, umax: int, smin: int, smax: int, value: int, mask: int, modulus: int, residue: int) -> Scalar:
    """The words with these facts. Where there are none (operands that contradict themselves) any answer is sound: TOP."""
    if (
        smin < 0 <= smax
        and umax - umin == UMAX
        and smin >= S32MIN
        and smax <= S32MAX
        and mask & SIGN32
        and modulus == mask & -mask
        and mask & SIGN
    ):
        # Around zero: the commonest of those that take the long way, and it would find no more.
        power = mask & -mask
        slo = smin + (residue - smin) % power
        shi = smax - (smax - residue) % power
        if slo < 0 <= shi:
            most = value | mask
            return Scalar(value, most, slo, shi, value & U32MAX, most & U32MAX, slo, shi, value, mask, modulus, residue)
    return reduce(umin, umax, smin, smax, 0, U32MAX, S32MIN, S32MAX, value, mask, modulus, residue) or TOP
