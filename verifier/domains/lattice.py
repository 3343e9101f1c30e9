"""The abstract word: what is known of 64 bits, and how its parts inform each other.

>>> urange(0, 255)
[0, 255]
>>> join(const(4), const(12))
[4, 12] step 8
>>> meet(urange(0, 10), urange(8, 20))
[8, 10]
"""

# The hottest functions of the verifier: min, max and tuples cost several times what they replace.
# ruff: noqa: FURB136, PLR1730, PLR0917
from __future__ import annotations

from math import gcd
from typing import Final, final

from bpfcc.verifier.domains.word import (
    BITS,
    HALF,
    HIGH,
    S32MAX,
    S32MIN,
    SIGN,
    SIGN32,
    SMAX,
    SMIN,
    SPAN,
    SPAN32,
    U32MAX,
    UMAX,
    inverse,
)


@final
class Scalar:
    """A set of words: those that every field admits. Immutable by convention; equal where all fields are.

    Unsigned and signed bounds of the word and of its low half; known bits (`mask`: unknown, `value`: known ones);
    `word % modulus == residue`. The empty set is None, never a Scalar. A constant has `umin == umax`, no unknown bits and modulus 1.
    """

    __slots__ = ("mask", "modulus", "residue", "s32max", "s32min", "smax", "smin", "u32max", "u32min", "umax", "umin", "value")

    def __init__(
        self,
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
    ) -> None:
        self.umin = umin
        self.umax = umax
        self.smin = smin
        self.smax = smax
        self.u32min = u32min
        self.u32max = u32max
        self.s32min = s32min
        self.s32max = s32max
        self.value = value
        self.mask = mask
        self.modulus = modulus
        self.residue = residue

    def is_const(self) -> bool:
        """Whether exactly one word is in the set: `umin`."""
        return self.umin == self.umax

    def contains(self, x: int) -> bool:
        """Whether the unsigned word `x` is in the set."""
        low = x & U32MAX
        return (
            self.umin <= x <= self.umax
            and self.smin <= (x ^ SIGN) - SIGN <= self.smax
            and self.u32min <= low <= self.u32max
            and self.s32min <= (low ^ SIGN32) - SIGN32 <= self.s32max
            and x & ~self.mask == self.value
            and x % self.modulus == self.residue
        )

    def fields(self) -> tuple[int, int, int, int, int, int, int, int, int, int, int, int]:
        """All fields, in the order of the constructor."""
        return (
            self.umin,
            self.umax,
            self.smin,
            self.smax,
            self.u32min,
            self.u32max,
            self.s32min,
            self.s32max,
            self.value,
            self.mask,
            self.modulus,
            self.residue,
        )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Scalar):
            return NotImplemented
        return self.umin == other.umin and self.umax == other.umax and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((self.umin, self.umax, self.smin, self.s32min, self.value, self.mask, self.modulus))

    def __repr__(self) -> str:
        return describe(self)


def _bound(x: int) -> str:
    return str(x) if -(1 << 20) <= x <= 1 << 20 else hex(x)


def describe(a: Scalar) -> str:
    """The set in a few words: the narrowest bounds, then what they do not say."""
    if a.umin == a.umax:
        return _bound(a.umin)
    parts = []
    if a.smin < 0 and (a.umin, a.umax) == (0, UMAX):
        if (a.smin, a.smax) != (SMIN, SMAX):
            parts.append(f"[{_bound(a.smin)}, {_bound(a.smax)}]")
    elif a.umin != 0 or a.umax != UMAX:
        parts.append(f"[{_bound(a.umin)}, {_bound(a.umax)}]")
    if not parts and (a.u32min != 0 or a.u32max != U32MAX):
        parts.append(f"low [{_bound(a.u32min)}, {_bound(a.u32max)}]")
    elif (
        (a.umin > 0 or a.umax > U32MAX or a.umax == U32MAX)
        and a.s32min < 0
        and (a.s32min, a.s32max) != (S32MIN, S32MAX)
        and a.smin != a.s32min
    ):
        parts.append(f"low signed [{_bound(a.s32min)}, {_bound(a.s32max)}]")
    if a.modulus > 1:
        parts.append(f"step {_bound(a.modulus)}" + (f" from {_bound(a.residue)}" if a.residue and a.umin % a.modulus != a.residue else ""))
    span = (1 << (a.umin ^ a.umax).bit_length()) - 1
    if (span & ~a.mask & -(a.mask & -a.mask)) != 0:
        parts.append("bits " + _bits(a.value, a.mask))
    return " ".join(parts) or "any"


def _bits(value: int, mask: int) -> str:
    """Known bits: `0b1x0x`, or two numbers where that would be long."""
    width = (value | mask).bit_length()
    if width > 16:
        return f"{value:#x}/{mask:#x}"
    return "0b" + "".join("x" if mask >> i & 1 else str(value >> i & 1) for i in reversed(range(width)))


_CONSTANTS: Final[dict[int, Scalar]] = {}
_CONSTANTS_KEPT: Final = 1 << 14


def const(c: int) -> Scalar:
    """The set of one word; negative numbers are taken modulo the word."""
    found = _CONSTANTS.get(c)
    if found is not None:
        return found
    word = c & UMAX
    low = word & U32MAX
    number = (word ^ SIGN) - SIGN
    half = (low ^ SIGN32) - SIGN32
    made = Scalar(word, word, number, number, low, low, half, half, word, 0, 1, 0)
    if len(_CONSTANTS) < _CONSTANTS_KEPT:
        _CONSTANTS[c] = made
    return made


TOP: Final = Scalar(0, UMAX, SMIN, SMAX, 0, U32MAX, S32MIN, S32MAX, 0, UMAX, 1, 0)


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
    return modulus * wide, residue + modulus * times, value, mask


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
        lo += (residue - lo) % modulus
        hi -= (hi - residue) % modulus
    # Another round only where the bounds now agree on more bits, or nothing is left to agree on.
    if (lo ^ hi) << 1 <= low or lo >= hi or mask == 0:
        return narrow(lo, hi, value, mask, modulus, residue)
    return Scalar(lo, hi, lo, hi, lo, hi, lo, hi, value, mask, modulus, residue)


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
    if umax <= S32MAX:
        if smin > umin:
            umin = smin
        if u32min > umin:
            umin = u32min
        if s32min > umin:
            umin = s32min
        if smax < umax:
            umax = smax
        if u32max < umax:
            umax = u32max
        if s32max < umax:
            umax = s32max
        return narrow(umin, umax, value, mask, modulus, residue)
    if mask and modulus != mask & -mask:
        combined = combine(modulus, residue, value, mask)
        if combined is None:
            return None
        modulus, residue, value, mask = combined
    if modulus > 1:
        umin += (residue - umin) % modulus
        umax -= (umax - residue) % modulus
    signs = agree(umin, umax, smin, smax, SIGN)
    if signs is None:
        return None
    umin, umax, smin, smax = signs
    # The low half of a range shorter than the half's span is a range, or two.
    if umax - umin < SPAN32:
        u32min, u32max, s32min, s32max = low_half(umin, umax, u32min, u32max, s32min, s32max)
    elif smax - smin < SPAN32:
        u32min, u32max, s32min, s32max = low_half(smin, smax, u32min, u32max, s32min, s32max)
    if value & U32MAX > u32min:
        u32min = value & U32MAX
    if (value | mask) & U32MAX < u32max:
        u32max = (value | mask) & U32MAX
    signs = agree(u32min, u32max, s32min, s32max, SIGN32)
    if signs is None:
        return None
    u32min, u32max, s32min, s32max = signs
    bits = bits_of_ranges(umin, umax, u32min, u32max, value, mask)
    if bits is None:
        return None
    step = mask & -mask
    value, mask = bits
    if mask == 0:
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
    """Second half of `reduce`: from the low half and the bits back to the word, and once more where that told something."""
    lo = above(umin, u32min, u32max)
    hi = below(umax, u32min, u32max)
    if value > lo:
        lo = value
    if value | mask < hi:
        hi = value | mask
    slo = above(smin, u32min, u32max)
    shi = below(smax, u32min, u32max)
    if smin >= S32MIN and smax <= S32MAX:
        if s32min > slo:
            slo = s32min
        if s32max < shi:
            shi = s32max
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
        return (x & HIGH) | u32min
    if low > u32max:
        return ((x & HIGH) + SPAN32) | u32min
    return x


def below(x: int, u32min: int, u32max: int) -> int:
    """The largest integer <= x whose low half is in [u32min, u32max]."""
    low = x & U32MAX
    if low > u32max:
        return (x & HIGH) | u32max
    if low < u32min:
        return ((x & HIGH) - SPAN32) | u32max
    return x


def bits_of_ranges(umin: int, umax: int, u32min: int, u32max: int, value: int, mask: int) -> tuple[int, int] | None:
    """Known bits, with those that the bounds of the word and of its low half have in common."""
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
    return value, mask


def word(umin: int, umax: int, smin: int, smax: int, value: int, mask: int, modulus: int, residue: int) -> Scalar:
    """The words with these facts. Where there are none (operands that contradict themselves) any answer is sound: TOP."""
    return reduce(umin, umax, smin, smax, 0, U32MAX, S32MIN, S32MAX, value, mask, modulus, residue) or TOP


def urange(lo: int, hi: int) -> Scalar:
    """The words from `lo` to `hi`, unsigned, lo <= hi."""
    if hi <= S32MAX:
        return narrow(lo, hi, 0, UMAX, 1, 0) or TOP
    return word(lo, hi, SMIN, SMAX, 0, UMAX, 1, 0)


def srange(lo: int, hi: int) -> Scalar:
    """The words from `lo` to `hi`, signed, lo <= hi."""
    return word(0, UMAX, lo, hi, 0, UMAX, 1, 0)


def tnum(value: int, mask: int) -> Scalar:
    """The words whose bits outside of `mask` are those of `value`."""
    return word(0, UMAX, SMIN, SMAX, value & ~mask, mask, 1, 0)


_OF_BYTES: Final = {size: urange(0, (1 << 8 * size) - 1) for size in (1, 2, 4, 8) if 8 * size < BITS}
_OF_BYTES_SIGNED: Final = {size: srange(-(1 << 8 * size - 1), (1 << 8 * size - 1) - 1) for size in (1, 2, 4, 8) if 8 * size < BITS}
# The words whose upper half is zero.
LOW: Final = urange(0, U32MAX)


def of_bytes(n: int) -> Scalar:
    """What a load of `n` bytes gives, zero-extended."""
    return _OF_BYTES.get(n, TOP)


def of_bytes_signed(n: int) -> Scalar:
    """What a load of `n` bytes gives, sign-extended."""
    return _OF_BYTES_SIGNED.get(n, TOP)


def join_congruence(a: Scalar, b: Scalar) -> tuple[int, int]:
    """The finest congruence that holds in both; a constant alone is congruent to itself modulo anything."""
    if a.umin == a.umax:
        a_modulus, a_residue = 0, a.umin
    else:
        a_modulus, a_residue = a.modulus, a.residue
    if b.umin == b.umax:
        b_modulus, b_residue = 0, b.umin
    else:
        b_modulus, b_residue = b.modulus, b.residue
    if a_modulus == b_modulus and a_residue == b_residue:
        return (a_modulus, a_residue) if a_modulus else (1, 0)
    modulus = gcd(a_modulus, b_modulus, a_residue - b_residue)
    if modulus > SMAX:
        # Two constants on both sides of zero: what else is so far apart is near as signed numbers.
        modulus = gcd(modulus, SPAN)
    return modulus, a_residue % modulus


def join(a: Scalar, b: Scalar) -> Scalar:
    """The smallest Scalar that holds both, field by field; `a` or `b` itself where that is it."""
    if a is b or leq(b, a):
        return a
    if leq(a, b):
        return b
    mask = a.mask | b.mask | (a.value ^ b.value)
    modulus, residue = (1, 0) if (a.modulus == 1 and a.mask) or (b.modulus == 1 and b.mask) else join_congruence(a, b)
    return Scalar(
        a.umin if a.umin < b.umin else b.umin,
        a.umax if a.umax > b.umax else b.umax,
        a.smin if a.smin < b.smin else b.smin,
        a.smax if a.smax > b.smax else b.smax,
        a.u32min if a.u32min < b.u32min else b.u32min,
        a.u32max if a.u32max > b.u32max else b.u32max,
        a.s32min if a.s32min < b.s32min else b.s32min,
        a.s32max if a.s32max > b.s32max else b.s32max,
        a.value & ~mask,
        mask,
        modulus,
        residue,
    )


def leq(a: Scalar, b: Scalar) -> bool:
    """Whether `a` is contained in `b`, field by field (for reduced facts, that is containment of the sets, nearly always)."""
    if a is b:
        return True
    if a.umin < b.umin or a.umax > b.umax or a.smin < b.smin or a.smax > b.smax:
        return False
    if a.u32min < b.u32min or a.u32max > b.u32max or a.s32min < b.s32min or a.s32max > b.s32max:
        return False
    if a.mask & ~b.mask or (a.value ^ b.value) & ~b.mask:
        return False
    if b.modulus == 1:
        return True
    if a.umin == a.umax:
        return a.umin % b.modulus == b.residue
    return a.modulus % b.modulus == 0 and a.residue % b.modulus == b.residue


def meet_congruence(m1: int, r1: int, m2: int, r2: int) -> tuple[int, int] | None:
    """The numbers in both residue classes: a class modulo the least common multiple, or none."""
    if m1 == 1 or m2 == 1:
        return (m2, r2) if m1 == 1 else (m1, r1)
    common = gcd(m1, m2)
    if (r1 - r2) % common:
        return None
    if common == m2:
        return m1, r1
    if common == m1:
        return m2, r2
    other = m2 // common
    times = ((r2 - r1) // common * inverse(m1 // common, other)) % other
    return m1 * other, r1 + m1 * times


def meet(a: Scalar, b: Scalar) -> Scalar | None:
    """What both admit; `a` or `b` itself where that is it; None where nothing is."""
    if a is b or b is TOP:
        return a
    if a is TOP:
        return b
    if (a.value ^ b.value) & ~(a.mask | b.mask):
        return None
    congruence = meet_congruence(a.modulus, a.residue, b.modulus, b.residue)
    if congruence is None:
        return None
    met = reduce(
        a.umin if a.umin > b.umin else b.umin,
        a.umax if a.umax < b.umax else b.umax,
        a.smin if a.smin > b.smin else b.smin,
        a.smax if a.smax < b.smax else b.smax,
        a.u32min if a.u32min > b.u32min else b.u32min,
        a.u32max if a.u32max < b.u32max else b.u32max,
        a.s32min if a.s32min > b.s32min else b.s32min,
        a.s32max if a.s32max < b.s32max else b.s32max,
        a.value | b.value,
        a.mask & b.mask,
        *congruence,
    )
    if met is None or met == a:
        return a if met is not None else None
    return b if met == b else met


assert HALF * 2 == BITS and SPAN > UMAX, "the low half is half of a word"  # noqa: S101
