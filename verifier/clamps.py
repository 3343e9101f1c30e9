"""Bounds of induction variables, and facts cut off by them.

clamped(any, Clamp(0, 63, 64, False))        [0, 63]
reached([0], 64, (4, 4), 9)                  Clamp(0, 36, 64, False): nine rounds that add 4
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import Fact, Ptr

if TYPE_CHECKING:
    from bpfcc.bpfir.semantics import CompareKind
    from bpfcc.verifier.domains.scalar import Scalar

Span = tuple[int, int]


class Clamp(NamedTuple):
    """Bounds of a parameter: of its low half where `bits` is 32, as a signed number or an unsigned one; of an address, of its offset."""

    low: int
    high: int
    bits: int
    signed: bool

    def thresholds(self) -> tuple[int, int]:
        """The bounds as words, in order: where widening stops."""
        low, high = sorted((self.low & ((1 << 64) - 1), self.high & ((1 << 64) - 1)))
        return low, high


def nearer(a: Clamp | None, b: Clamp | None) -> Clamp | None:
    """Both, where they are of one kind; else that which is there."""
    if a is None or b is None:
        return a or b
    if a.bits != b.bits or a.signed != b.signed:
        return a if a.high - a.low <= b.high - b.low else b
    return Clamp(max(a.low, b.low), min(a.high, b.high), a.bits, a.signed)


def span_of(fact: Scalar | Fact, bits: int, *, signed: bool) -> Span | None:
    """The number, or its low half, as an integer; None of what may be an address."""
    if type(fact) is Fact:
        return None
    if bits == 64:
        return (fact.smin, fact.smax) if signed else (fact.umin, fact.umax)
    return (fact.s32min, fact.s32max) if signed else (fact.u32min, fact.u32max)


def address(fact: Scalar | Fact) -> Ptr | None:
    """The address, where it can be nothing else."""
    return fact.ptrs[0] if type(fact) is Fact and fact.num is None and len(fact.ptrs) == 1 and not fact.undef else None


def reached(first: list[Scalar | Fact], bits: int, change: Span, rounds: int) -> Clamp | None:
    """Where a parameter is after at most so many rounds that each add `change`, if it cannot wrap around on the way."""
    for signed in (False, True):
        spans = [span_of(fact, bits, signed=signed) for fact in first]
        if any(span is None for span in spans):
            points = [p for fact in first if (p := address(fact)) is not None]
            if bits == 32 or not points or len(points) < len(first) or any(p.region is not points[0].region for p in points):
                return None
            spans = [(p.offset.smin, p.offset.smax) for p in points]
            signed = True  # noqa: PLW2901 - offsets are
        low = min((s[0] for s in spans if s is not None), default=0) + min(0, change[0] * rounds)
        high = max((s[1] for s in spans if s is not None), default=0) + max(0, change[1] * rounds)
        half = 1 << (bits - 1)
        if (-half <= low and high < half) if signed else (low >= 0 and high < 2 * half):
            return Clamp(low, high, bits, signed)
    return None


def clamped(fact: Scalar | Fact, clamp: Clamp) -> Scalar | Fact:
    """The fact within the bounds; the fact itself where they say nothing of it."""
    if clamp.low > clamp.high:
        return fact
    if type(fact) is Fact:
        if fact.num is not None or clamp.bits != 64 or not clamp.signed:
            return fact
        ptrs = [(p, sc.meet(p.offset, sc.srange(clamp.low, clamp.high))) for p in fact.ptrs]
        if any(offset is None for _, offset in ptrs):
            return fact
        return Fact(
            None, tuple(p if offset is p.offset else Ptr(p.region, offset) for p, offset in ptrs if offset is not None), undef=fact.undef
        )
    met = sc.meet(fact, _range(clamp))
    return met if met is not None else fact


def _range(clamp: Clamp) -> Scalar:
    if clamp.bits == 64:
        return sc.srange(clamp.low, clamp.high) if clamp.signed else sc.urange(clamp.low, clamp.high)
    kinds: tuple[CompareKind, CompareKind] = ("sge", "sle") if clamp.signed else ("uge", "ule")
    found = sc.TOP
    for kind, bound in zip(kinds, (clamp.low, clamp.high), strict=True):
        refined = sc.refine(kind, 32, True, found, sc.const(bound & ((1 << 64) - 1)))
        if refined is not None:
            found = refined[0]
    return found
