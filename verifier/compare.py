"""What a comparison says about its operands, and whether it is decided.

    refine("ne", 64, True, {0, value}, 0)       ({value}, 0)          a null test
    decide("ult", 64, [0, 5], 9)                True

Addresses are compared where both are in one instance of a region and near its start; else a comparison says nothing about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import MAX_OFFSET, NULL, Fact, Ptr, make, number_of, pointers_of

if TYPE_CHECKING:
    from bpfcc.bpfir.semantics import CompareKind
    from bpfcc.verifier.domains.scalar import Scalar

# Offsets of one region are signed; the addresses themselves never wrap, so both orders mean the same.
ON_OFFSETS: Final[dict[str, str]] = {
    "ult": "slt", "ule": "sle", "ugt": "sgt", "uge": "sge", "slt": "slt", "sle": "sle", "sgt": "sgt", "sge": "sge", "eq": "eq", "ne": "ne",
}  # fmt: skip
Pair = tuple["Scalar | Fact", "Scalar | Fact"]
# What an address of such a region is at run time may be zero all the same: the kernel follows them with care.
MAY_BE_ZERO: Final = frozenset({"btf", "unknown"})
MIN_ADDRESS: Final = 4096


def _near(offset: Scalar) -> bool:
    return offset.smin >= -MAX_OFFSET and offset.smax <= MAX_OFFSET


def never_null(p: Ptr) -> bool:
    """Whether the address is no small number, whatever the offset: no memory lies in the first page or around the end."""
    return p.region.kind not in MAY_BE_ZERO and p.offset.smin > -MIN_ADDRESS and p.offset.smax <= MAX_OFFSET


def _single(fact: Scalar | Fact) -> Ptr | None:
    """The address, where it can be nothing else."""
    return fact.ptrs[0] if type(fact) is Fact and fact.num is None and len(fact.ptrs) == 1 else None


def comparable(a: Scalar | Fact, b: Scalar | Fact) -> tuple[Ptr, Ptr] | None:
    """Both addresses, where their order is that of their offsets."""
    p, q = _single(a), _single(b)
    if p is None or q is None or p.region is not q.region or not p.region.unique or not _near(p.offset) or not _near(q.offset):
        return None
    return p, q


def _is_null_test(kind: CompareKind, b: Scalar | Fact) -> bool:
    return kind in ("eq", "ne") and type(b) is not Fact and b.umax == 0


def refine(kind: CompareKind, width: int, holds: bool, a: Scalar | Fact, b: Scalar | Fact) -> Pair | None:
    """Facts of lhs and rhs where `lhs kind rhs` is `holds`; None where that cannot be."""
    if type(a) is not Fact and type(b) is not Fact:
        return sc.refine(kind, width, holds, a, b)
    if width == 64:
        pair = comparable(a, b)
        if pair is not None and kind in ON_OFFSETS:
            return _refine_offsets(kind, holds, *pair)
        if _is_null_test(kind, b):
            left = _null_test((kind == "eq") == holds, a)
            return None if left is None else (left, b)
        if _is_null_test(kind, a):
            right = _null_test((kind == "eq") == holds, b)
            return None if right is None else (a, right)
    return a, b


def _refine_offsets(kind: CompareKind, holds: bool, p: Ptr, q: Ptr) -> Pair | None:
    found = sc.refine(ON_OFFSETS[kind], 64, holds, p.offset, q.offset)  # type: ignore[arg-type]
    if found is None:
        return None
    return Fact(None, (Ptr(p.region, found[0]),)), Fact(None, (Ptr(q.region, found[1]),))


def _null_test(is_null: bool, fact: Scalar | Fact) -> Scalar | Fact | None:
    num = number_of(fact)
    ptrs = pointers_of(fact)
    if is_null:
        if num is not None and num.contains(0):
            return NULL
        return None if all(never_null(p) for p in ptrs) else NULL
    if num is not None:
        found = sc.refine("ne", 64, True, num, NULL)
        num = found[0] if found is not None else None
    return make(num, ptrs)


def decide(kind: CompareKind, width: int, a: Scalar | Fact, b: Scalar | Fact) -> bool | None:
    """Whether the comparison holds, None where it depends."""
    if type(a) is not Fact and type(b) is not Fact:
        return sc.truth(kind, width, a, b)
    if width != 64:
        return None
    pair = comparable(a, b)
    if pair is not None and kind in ON_OFFSETS:
        return sc.truth(ON_OFFSETS[kind], 64, pair[0].offset, pair[1].offset)  # type: ignore[arg-type]
    for left, right in ((a, b), (b, a)):
        if _is_null_test(kind, right) and number_of(left) is None and all(never_null(p) for p in pointers_of(left)):
            return kind == "ne"
    return None
