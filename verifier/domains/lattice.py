"""Sets of words: how they are made, ordered, joined and met.

>>> from bpfcc.verifier.domains.number import const
>>> urange(0, 255)
[0, 255]
>>> join(const(4), const(12))
[4, 12] step 8
>>> meet(urange(0, 10), urange(8, 20))
[8, 10]
"""

# The hottest functions of the verifier: min, max and tuples cost several times what they replace.
# ruff: noqa: FURB136
from __future__ import annotations

from math import gcd
from typing import Final

from bpfcc.verifier.domains.number import TOP, Scalar
from bpfcc.verifier.domains.reduction import narrow, reduce, word
from bpfcc.verifier.domains.word import BITS, BYTE, HALF, S32MAX, SMAX, SMIN, SPAN, U32MAX, UMAX, inverse


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


_OF_BYTES: Final = {size: urange(0, (1 << BYTE * size) - 1) for size in (1, 2, 4, 8) if BYTE * size < BITS}
_OF_BYTES_SIGNED: Final = {size: srange(-(1 << BYTE * size - 1), (1 << BYTE * size - 1) - 1) for size in (1, 2, 4, 8) if BYTE * size < BITS}
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
    modulus = m1 * other
    residue = r1 + m1 * times
    if modulus > UMAX:
        # At most one word is in both.
        return (SPAN, residue) if residue <= UMAX else None
    return modulus, residue


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
