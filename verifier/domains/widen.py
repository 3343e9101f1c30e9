"""Widening: an upper bound that a loop cannot raise forever.

>>> from bpfcc.verifier.domains.lattice import urange
>>> from bpfcc.verifier.domains.number import const
>>> widen(const(0), urange(0, 1), (16, 1500))
[0, 16]
>>> widen(urange(0, 16), urange(0, 17), (16, 1500))
[0, 1500]

A bound that grew jumps to the next threshold, past the last one to the end of the type. Of the known bits, those below
the first unknown one stay. A congruence is left for the common divisor, which past the first time is at most 64 and so has few divisors.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import gcd

from bpfcc.verifier.domains.lattice import join_congruence, leq
from bpfcc.verifier.domains.number import Scalar
from bpfcc.verifier.domains.reduction import agree, low_half
from bpfcc.verifier.domains.word import S32MAX, S32MIN, SIGN, SIGN32, SMAX, SMIN, SPAN32, U32MAX, UMAX

Bounds = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]
# The largest modulus that is left to shrink step by step.
_FINE = 64


@lru_cache(maxsize=256)
def _views(thresholds: tuple[int, ...]) -> Bounds:
    """The thresholds as unsigned and signed words, and as unsigned and signed halves, each in order."""
    halves = [t & U32MAX for t in thresholds]
    return (
        tuple(sorted({t & UMAX for t in thresholds})),
        tuple(sorted({((t & UMAX) ^ SIGN) - SIGN for t in thresholds})),
        tuple(sorted(set(halves))),
        tuple(sorted({(half ^ SIGN32) - SIGN32 for half in halves})),
    )


def _down(old: int, new: int, thresholds: Sequence[int], end: int) -> int:
    """A lower bound of both: `old`, or the next threshold below `new`."""
    if new >= old:
        return old
    at = bisect_right(thresholds, new)
    return thresholds[at - 1] if at else end


def _up(old: int, new: int, thresholds: Sequence[int], end: int) -> int:
    """An upper bound of both: `old`, or the next threshold above `new`."""
    if new <= old:
        return old
    at = bisect_left(thresholds, new)
    return thresholds[at] if at < len(thresholds) else end


def _congruence(old: Scalar, new: Scalar) -> tuple[int, int]:
    modulus, residue = join_congruence(old, new)
    if old.umin != old.umax and modulus != old.modulus and modulus > _FINE:
        modulus = gcd(modulus, _FINE)
        residue %= modulus
    return modulus, residue


def _bits(old: Scalar, new: Scalar) -> tuple[int, int]:
    mask = old.mask | new.mask | (old.value ^ new.value)
    mask = -(mask & -mask) & UMAX
    return old.value & ~mask, mask


def widen(old: Scalar, new: Scalar, thresholds: Sequence[int]) -> Scalar:
    """An upper bound of both, `old` itself where `new` is in it. `thresholds` are unsigned words in order."""
    if leq(new, old):
        return old
    unsigned, signed, unsigned_half, signed_half = _views(tuple(thresholds))
    umin = _down(old.umin, new.umin, unsigned, 0)
    umax = _up(old.umax, new.umax, unsigned, UMAX)
    smin = _down(old.smin, new.smin, signed, SMIN)
    smax = _up(old.smax, new.smax, signed, SMAX)
    u32min = _down(old.u32min, new.u32min, unsigned_half, 0)
    u32max = _up(old.u32max, new.u32max, unsigned_half, U32MAX)
    s32min = _down(old.s32min, new.s32min, signed_half, S32MIN)
    s32max = _up(old.s32max, new.s32max, signed_half, S32MAX)
    modulus, residue = _congruence(old, new)
    # Facts go one way only, from the word's bounds to the rest: were they to go round in a circle, one could undo the widening of another.
    signs = agree(umin, umax, smin, smax, SIGN)
    if signs is not None and signs[1] - signs[0] >= modulus:
        umin, umax, smin, smax = signs
    halves = (u32min, u32max, s32min, s32max)
    if umax - umin < SPAN32:
        halves = low_half(umin, umax, u32min, u32max, s32min, s32max)
    elif smax - smin < SPAN32:
        halves = low_half(smin, smax, u32min, u32max, s32min, s32max)
    u32min, u32max, s32min, s32max = agree(*halves, SIGN32) or (u32min, u32max, s32min, s32max)
    value, mask = _bits(old, new)
    common = (1 << (umin ^ umax).bit_length()) - 1
    if mask > common and mask & common:
        value = (value & common) | (umin & ~common)
        mask &= common
    return Scalar(umin, umax, smin, smax, u32min, u32max, s32min, s32max, value, mask, modulus, residue)
