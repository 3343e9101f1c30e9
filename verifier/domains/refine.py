"""What a comparison says about its operands.

>>> from bpfcc.verifier.domains.number import TOP, const
>>> refine("ult", 64, True, TOP, const(10))
([0, 9], 10)
>>> refine("ne", 64, False, const(3), const(4)) is None
True
>>> truth("slt", 64, const(3), const(4))
True

A 32-bit comparison speaks of the low halves; `reduce` carries what it says to the word as far as the upper half is known.
"""

# The hottest functions of the verifier: min, max and tuples cost several times what they replace.
# ruff: noqa: FURB136, PLR1730
from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd
from typing import Final

from bpfcc.bpfir.semantics import COMPARE, NEGATED, CompareKind
from bpfcc.verifier.domains.lattice import meet
from bpfcc.verifier.domains.number import Scalar
from bpfcc.verifier.domains.reduction import narrow, reduce
from bpfcc.verifier.domains.word import BITS, HIGH, S32MAX, S32MIN, SMAX, SMIN, U32MAX, UMAX

Pair = tuple[Scalar, Scalar] | None


def bound_unsigned(a: Scalar, lo: int, hi: int) -> Scalar | None:
    """The words of `a` in [lo, hi]."""
    if lo <= a.umin and a.umax <= hi:
        return a
    if lo < a.umin:
        lo = a.umin
    if hi > a.umax:
        hi = a.umax
    if a.umax <= S32MAX:
        return narrow(lo, hi, a.value, a.mask, a.modulus, a.residue)
    return reduce(lo, hi, a.smin, a.smax, a.u32min, a.u32max, a.s32min, a.s32max, a.value, a.mask, a.modulus, a.residue)


def bound_signed(a: Scalar, lo: int, hi: int) -> Scalar | None:
    """The words of `a` that are in [lo, hi] when read as signed."""
    if a.umax <= S32MAX:
        return bound_unsigned(a, lo, hi)
    if lo <= a.smin and a.smax <= hi:
        return a
    if lo < a.smin:
        lo = a.smin
    if hi > a.smax:
        hi = a.smax
    return reduce(a.umin, a.umax, lo, hi, a.u32min, a.u32max, a.s32min, a.s32max, a.value, a.mask, a.modulus, a.residue)


def bound_unsigned_half(a: Scalar, lo: int, hi: int) -> Scalar | None:
    """The words of `a` whose low half is in [lo, hi]."""
    if a.umax <= S32MAX:
        return bound_unsigned(a, lo, hi)
    if lo <= a.u32min and a.u32max <= hi:
        return a
    if lo < a.u32min:
        lo = a.u32min
    if hi > a.u32max:
        hi = a.u32max
    return reduce(a.umin, a.umax, a.smin, a.smax, lo, hi, a.s32min, a.s32max, a.value, a.mask, a.modulus, a.residue)


def bound_signed_half(a: Scalar, lo: int, hi: int) -> Scalar | None:
    """The words of `a` whose low half is in [lo, hi] when read as signed."""
    if a.umax <= S32MAX:
        return bound_unsigned(a, lo, hi)
    if lo <= a.s32min and a.s32max <= hi:
        return a
    if lo < a.s32min:
        lo = a.s32min
    if hi > a.s32max:
        hi = a.s32max
    return reduce(a.umin, a.umax, a.smin, a.smax, a.u32min, a.u32max, lo, hi, a.value, a.mask, a.modulus, a.residue)


def _eq(a: Scalar, b: Scalar) -> Pair:
    met = meet(a, b)
    return None if met is None else (met, met)


def _eq_half(a: Scalar, b: Scalar) -> Pair:
    if a.umax <= U32MAX and b.umax <= U32MAX:
        return _eq(a, b)
    if (a.value ^ b.value) & ~(a.mask | b.mask) & U32MAX:
        return None
    narrower = _with_half_of(a, b)
    if narrower is None:
        return None
    other = _with_half_of(b, narrower)
    return None if other is None else (narrower, other)


def _with_half_of(a: Scalar, b: Scalar) -> Scalar | None:
    """The words of `a` whose low half is one that `b` has."""
    value = a.value | b.value & U32MAX
    mask = a.mask & (b.mask | HIGH)
    u32min = a.u32min if a.u32min > b.u32min else b.u32min
    u32max = a.u32max if a.u32max < b.u32max else b.u32max
    s32min = a.s32min if a.s32min > b.s32min else b.s32min
    s32max = a.s32max if a.s32max < b.s32max else b.s32max
    if mask == a.mask and (u32min, u32max, s32min, s32max) == (a.u32min, a.u32max, a.s32min, a.s32max):
        return a
    return reduce(a.umin, a.umax, a.smin, a.smax, u32min, u32max, s32min, s32max, value & ~mask, mask, a.modulus, a.residue)


def _without(a: Scalar, c: int) -> Scalar | None:
    """The words of `a` but for the constant `c`, where it is at an end of the bounds."""
    if a.umin == c:
        return None if a.umax == c else bound_unsigned(a, c + 1, a.umax)
    if a.umax == c:
        return bound_unsigned(a, a.umin, c - 1)
    number = c if c <= SMAX else c - UMAX - 1
    if a.smin == number:
        return bound_signed(a, number + 1, a.smax)
    if a.smax == number:
        return bound_signed(a, a.smin, number - 1)
    return a


def _ne(a: Scalar, b: Scalar) -> Pair:
    if b.umin == b.umax:
        left = _without(a, b.umin)
        return None if left is None else (left, b)
    if a.umin == a.umax:
        right = _without(b, a.umin)
        return None if right is None else (a, right)
    return a, b


def _without_half(a: Scalar, c: int) -> Scalar | None:
    """The words of `a` whose low half is not `c`, where that is at an end of its bounds."""
    if a.u32min == c:
        return None if a.u32max == c else bound_unsigned_half(a, c + 1, a.u32max)
    if a.u32max == c:
        return bound_unsigned_half(a, a.u32min, c - 1)
    number = c if c <= S32MAX else c - U32MAX - 1
    if a.s32min == number:
        return bound_signed_half(a, number + 1, a.s32max)
    if a.s32max == number:
        return bound_signed_half(a, a.s32min, number - 1)
    return a


def _ne_half(a: Scalar, b: Scalar) -> Pair:
    if b.u32min == b.u32max:
        left = _without_half(a, b.u32min)
        return None if left is None else (left, b)
    if a.u32min == a.u32max:
        right = _without_half(b, a.u32min)
        return None if right is None else (a, right)
    return a, b


def _pair(a: Scalar | None, b: Scalar | None) -> Pair:
    return None if a is None or b is None else (a, b)


def _ult(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_unsigned(a, 0, b.umax - 1), bound_unsigned(b, a.umin + 1, UMAX))


def _ule(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_unsigned(a, 0, b.umax), bound_unsigned(b, a.umin, UMAX))


def _slt(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_signed(a, SMIN, b.smax - 1), bound_signed(b, a.smin + 1, SMAX))


def _sle(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_signed(a, SMIN, b.smax), bound_signed(b, a.smin, SMAX))


def _ult_half(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_unsigned_half(a, 0, b.u32max - 1), bound_unsigned_half(b, a.u32min + 1, U32MAX))


def _ule_half(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_unsigned_half(a, 0, b.u32max), bound_unsigned_half(b, a.u32min, U32MAX))


def _slt_half(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_signed_half(a, S32MIN, b.s32max - 1), bound_signed_half(b, a.s32min + 1, S32MAX))


def _sle_half(a: Scalar, b: Scalar) -> Pair:
    return _pair(bound_signed_half(a, S32MIN, b.s32max), bound_signed_half(b, a.s32min, S32MAX))


def _with_bits(a: Scalar, ones: int, zeros: int) -> Scalar | None:
    """The words of `a` in which all of `ones` are set and none of `zeros`."""
    if ones & ~(a.value | a.mask) or zeros & a.value:
        return None
    if (ones | zeros) & a.mask == 0:
        return a
    value = a.value | ones
    mask = a.mask & ~(ones | zeros)
    return reduce(a.umin, a.umax, a.smin, a.smax, a.u32min, a.u32max, a.s32min, a.s32max, value, mask, a.modulus, a.residue)


def _bits_in_common(a: Scalar, b: Scalar, all_bits: int) -> Pair:
    """A bit is set in both: where only one is left that can be, it is that."""
    common = (a.value | a.mask) & (b.value | b.mask) & all_bits
    if common == 0:
        return None
    if common & (common - 1):
        return a, b
    return _pair(_with_bits(a, common, 0), _with_bits(b, common, 0))


def _no_bit_in_common(a: Scalar, b: Scalar, all_bits: int) -> Pair:
    """A bit that is set in one is clear in the other."""
    if a.value & b.value & all_bits:
        return None
    return _pair(_with_bits(a, 0, b.value & all_bits), _with_bits(b, 0, a.value & all_bits))


Refinement = Callable[[Scalar, Scalar], Pair]


def _swapped(refinement: Refinement) -> Refinement:
    def refine_swapped(a: Scalar, b: Scalar) -> Pair:
        pair = refinement(b, a)
        return None if pair is None else (pair[1], pair[0])

    return refine_swapped


# What `lhs kind rhs` says, where it holds.
_WORD: Final[Mapping[CompareKind, Refinement]] = {
    "eq": _eq,
    "ne": _ne,
    "ult": _ult,
    "ule": _ule,
    "ugt": _swapped(_ult),
    "uge": _swapped(_ule),
    "slt": _slt,
    "sle": _sle,
    "sgt": _swapped(_slt),
    "sge": _swapped(_sle),
    "test": lambda a, b: _bits_in_common(a, b, UMAX),
}
_HALF: Final[Mapping[CompareKind, Refinement]] = {
    "eq": _eq_half,
    "ne": _ne_half,
    "ult": _ult_half,
    "ule": _ule_half,
    "ugt": _swapped(_ult_half),
    "uge": _swapped(_ule_half),
    "slt": _slt_half,
    "sle": _sle_half,
    "sgt": _swapped(_slt_half),
    "sge": _swapped(_sle_half),
    "test": lambda a, b: _bits_in_common(a, b, U32MAX),
}


def refine(kind: CompareKind, width: int, holds: bool, a: Scalar, b: Scalar) -> Pair:
    """Facts of both operands where `a kind b` is `holds`; None where it cannot be. What says nothing new gives the operand itself."""
    if not holds:
        if kind == "test":
            return _no_bit_in_common(a, b, UMAX if width == BITS else U32MAX)
        kind = NEGATED[kind]
    return (_WORD if width == BITS else _HALF)[kind](a, b)


Truth = Callable[[Scalar, Scalar], bool | None]


def _is_eq(a: Scalar, b: Scalar) -> bool | None:
    if a.umin == a.umax == b.umin == b.umax:
        return True
    if a.umax < b.umin or b.umax < a.umin or a.smax < b.smin or b.smax < a.smin:
        return False
    if a.modulus > 1 and b.modulus > 1 and (a.residue - b.residue) % gcd(a.modulus, b.modulus):
        return False
    if b.umin == b.umax:
        return None if a.contains(b.umin) else False
    if a.umin == a.umax:
        return None if b.contains(a.umin) else False
    return False if (a.value ^ b.value) & ~(a.mask | b.mask) else None


def _is_eq_half(a: Scalar, b: Scalar) -> bool | None:
    if a.u32min == a.u32max == b.u32min == b.u32max:
        return True
    if a.u32max < b.u32min or b.u32max < a.u32min or a.s32max < b.s32min or b.s32max < a.s32min:
        return False
    if a.umax <= U32MAX and b.umax <= U32MAX:
        return _is_eq(a, b)
    return False if (a.value ^ b.value) & ~(a.mask | b.mask) & U32MAX else None


def _order(low: int, high: int, other_low: int, other_high: int) -> bool | None:
    """Whether every number of [low, high] is less than every one of [other_low, other_high], or none is."""
    if high < other_low:
        return True
    return False if low >= other_high else None


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _is_ult(a: Scalar, b: Scalar) -> bool | None:
    return _order(a.umin, a.umax, b.umin, b.umax)


def _is_slt(a: Scalar, b: Scalar) -> bool | None:
    return _order(a.smin, a.smax, b.smin, b.smax)


def _is_ult_half(a: Scalar, b: Scalar) -> bool | None:
    return _order(a.u32min, a.u32max, b.u32min, b.u32max)


def _is_slt_half(a: Scalar, b: Scalar) -> bool | None:
    return _order(a.s32min, a.s32max, b.s32min, b.s32max)


def _has_common_bit(a: Scalar, b: Scalar, all_bits: int) -> bool | None:
    if a.value & b.value & all_bits:
        return True
    return None if (a.value | a.mask) & (b.value | b.mask) & all_bits else False


_WORD_TRUTH: Final[Mapping[CompareKind, Truth]] = {
    "eq": _is_eq,
    "ne": lambda a, b: _not(_is_eq(a, b)),
    "ult": _is_ult,
    "ule": lambda a, b: _not(_is_ult(b, a)),
    "ugt": lambda a, b: _is_ult(b, a),
    "uge": lambda a, b: _not(_is_ult(a, b)),
    "slt": _is_slt,
    "sle": lambda a, b: _not(_is_slt(b, a)),
    "sgt": lambda a, b: _is_slt(b, a),
    "sge": lambda a, b: _not(_is_slt(a, b)),
    "test": lambda a, b: _has_common_bit(a, b, UMAX),
}
_HALF_TRUTH: Final[Mapping[CompareKind, Truth]] = {
    "eq": _is_eq_half,
    "ne": lambda a, b: _not(_is_eq_half(a, b)),
    "ult": _is_ult_half,
    "ule": lambda a, b: _not(_is_ult_half(b, a)),
    "ugt": lambda a, b: _is_ult_half(b, a),
    "uge": lambda a, b: _not(_is_ult_half(a, b)),
    "slt": _is_slt_half,
    "sle": lambda a, b: _not(_is_slt_half(b, a)),
    "sgt": lambda a, b: _is_slt_half(b, a),
    "sge": lambda a, b: _not(_is_slt_half(a, b)),
    "test": lambda a, b: _has_common_bit(a, b, U32MAX),
}


def truth(kind: CompareKind, width: int, a: Scalar, b: Scalar) -> bool | None:
    """Whether `a kind b` holds for all words, for none (False), or neither is known (None)."""
    return (_WORD_TRUTH if width == BITS else _HALF_TRUTH)[kind](a, b)


def complete(table: Mapping[CompareKind, object]) -> None:
    """Every comparison has exactly one entry."""
    if set(table) != set(COMPARE):
        msg = f"comparisons without exactly one entry: {sorted(set(table) ^ set(COMPARE))}"
        raise LookupError(msg)


for _table in (_WORD, _HALF, _WORD_TRUTH, _HALF_TRUTH):
    complete(_table)
