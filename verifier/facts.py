"""What is known about a value: a number, an address in a region, or one of several of these depending on the path.

    Scalar                                     a number (the common case, without a wrapper)
    Fact(num=0, ptrs=((counters, 8),))         null, or 8 bytes into a value of map `counters`

A null pointer is the number 0: a helper that may fail returns {0, region}, and the test against 0 takes one of the two away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.verifier.domains import scalar as sc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.verifier.domains.scalar import Scalar

# No packet is longer: the runtime refuses more, and Linux's linear data end below (BIG TCP: 512 KiB).
MAX_PACKET: Final = 1 << 19
# Offsets beyond this are not compared: below it no address of a real region wraps around.
MAX_OFFSET: Final = 1 << 32
# Functions that compilers call for plain memory where an object has none.
PLAIN_MEMORY: Final = frozenset({"memset", "memcpy", "memmove", "memcmp"})
# Alternatives of one value; more are one unknown address.
MAX_ALTERNATIVES: Final = 12


@final
class Region:
    """Memory (or a thing without accessible memory) that pointers point to; compared by identity.

    `kind`: "ctx", "frame", "packet", "map_value", "mem", "map", "sock", "btf", "func", "extern", "unknown".
    `unique`: two addresses in it are of one instance, so that they can be compared and subtracted.
    `site`: what made it (an operation), where it is released by reference `ref`.
    """

    __slots__ = ("epoch", "kind", "map", "name", "read_only", "ref", "site", "size", "type", "unique")

    def __init__(
        self, kind: str, name: str, size: int = 0, *, map: MapSpec | None = None, site: Any = None, ref: Any = None,  # noqa: A002
        epoch: int = 0, type: Any = None, read_only: bool = False, unique: bool = False,  # noqa: A002
    ) -> None:  # fmt: skip
        self.kind = kind
        self.name = name
        self.size = size
        self.map = map
        self.site = site
        self.ref = ref
        self.epoch = epoch
        self.type = type
        self.read_only = read_only
        self.unique = unique

    def __repr__(self) -> str:
        return self.name


UNKNOWN: Final = Region("unknown", "an unknown address")


@final
class Ptr:
    """An address: `offset` (a word, read as signed) bytes from the start of `region`."""

    __slots__ = ("offset", "region")

    def __init__(self, region: Region, offset: Scalar) -> None:
        self.region = region
        self.offset = offset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ptr) and self.region is other.region and self.offset == other.offset

    def __hash__(self) -> int:
        return hash((id(self.region), self.offset))

    def __repr__(self) -> str:
        return f"{self.region}+{self.offset}"


@final
class Fact:
    """A value that may be an address: `num` where it may be a number, `ptrs` by region, `undef` where it may never have been written."""

    __slots__ = ("num", "ptrs", "undef")

    def __init__(self, num: Scalar | None, ptrs: tuple[Ptr, ...] = (), *, undef: bool = False) -> None:
        self.num = num
        self.ptrs = ptrs
        self.undef = undef

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fact) and self.num == other.num and self.ptrs == other.ptrs and self.undef == other.undef

    def __hash__(self) -> int:
        return hash((self.num, self.ptrs, self.undef))

    def __repr__(self) -> str:
        parts = [repr(p) for p in self.ptrs]
        if self.num is not None:
            parts.append(repr(self.num))
        if self.undef:
            parts.append("undefined")
        return "{" + " | ".join(parts) + "}"


AnyFact = "Scalar | Fact"

UNDEFINED: Final = Fact(sc.const(0), undef=True)
NULL: Final = sc.const(0)
ZERO: Final = sc.const(0)
TOP: Final = sc.TOP
# Any number or any address: of this nothing can be proven.
ANYTHING: Final = Fact(sc.TOP, (Ptr(UNKNOWN, sc.TOP),))


def pointer(region: Region, offset: Scalar = ZERO, *, null: bool = False) -> Fact:
    """An address in one region, perhaps null."""
    return Fact(NULL if null else None, (Ptr(region, offset),))


def number_of(fact: Scalar | Fact) -> Scalar | None:
    """The number that it may be."""
    return fact.num if type(fact) is Fact else fact


def pointers_of(fact: Scalar | Fact) -> tuple[Ptr, ...]:
    """The addresses that it may be."""
    return fact.ptrs if type(fact) is Fact else ()


def make(num: Scalar | None, ptrs: Sequence[Ptr], *, undef: bool = False) -> Scalar | Fact | None:
    """The plainest form; None where nothing is left."""
    if not ptrs and not undef:
        return num
    return Fact(num, tuple(ptrs), undef=undef)


def join(a: Scalar | Fact, b: Scalar | Fact) -> Scalar | Fact:
    """An upper bound; `a` itself where nothing is added."""
    if a is b:
        return a
    if type(a) is not Fact and type(b) is not Fact:
        return sc.join(a, b)
    return _join_mixed(a, b)


def _join_mixed(a: Scalar | Fact, b: Scalar | Fact) -> Scalar | Fact:
    na, nb = number_of(a), number_of(b)
    num = na if nb is None else nb if na is None else sc.join(na, nb)
    pa, pb = pointers_of(a), pointers_of(b)
    undef = (type(a) is Fact and a.undef) or (type(b) is Fact and b.undef)
    ptrs = list(pa)
    for p in pb:
        for at, q in enumerate(ptrs):
            if q.region is p.region:
                if q.offset is not p.offset:
                    offset = sc.join(q.offset, p.offset)
                    if offset is not q.offset:
                        ptrs[at] = Ptr(p.region, offset)
                break
        else:
            ptrs.append(p)
    if len(ptrs) > MAX_ALTERNATIVES:
        ptrs = [Ptr(UNKNOWN, sc.TOP)]
    if type(a) is Fact and num is na and undef == a.undef and len(ptrs) == len(pa) and all(x is y for x, y in zip(ptrs, pa, strict=True)):
        return a
    return Fact(num, tuple(ptrs), undef=undef)


def leq(a: Scalar | Fact, b: Scalar | Fact) -> bool:
    """Whether everything that `a` allows is allowed by `b`."""
    if a is b:
        return True
    if type(a) is not Fact and type(b) is not Fact:
        return sc.leq(a, b)
    na, nb = number_of(a), number_of(b)
    if na is not None and (nb is None or not sc.leq(na, nb)):
        return False
    if type(a) is Fact and a.undef and not (type(b) is Fact and b.undef):
        return False
    allowed = {id(q.region): q.offset for q in pointers_of(b)}
    return all(id(p.region) in allowed and sc.leq(p.offset, allowed[id(p.region)]) for p in pointers_of(a))


def widen(old: Scalar | Fact, new: Scalar | Fact, thresholds: Sequence[int]) -> Scalar | Fact:
    """An upper bound of both whose chains are short."""
    if type(old) is not Fact and type(new) is not Fact:
        return sc.widen(old, new, thresholds)
    both = join(old, new)
    if both is old or type(both) is not Fact:
        return both
    before = {id(p.region): p.offset for p in pointers_of(old)}
    ptrs = tuple(Ptr(p.region, sc.widen(before[id(p.region)], p.offset, thresholds)) if id(p.region) in before else p for p in both.ptrs)
    num_old = number_of(old)
    num = both.num if num_old is None or both.num is None else sc.widen(num_old, both.num, thresholds)
    return Fact(num, ptrs, undef=both.undef)


def meet(a: Scalar | Fact, b: Scalar | Fact) -> Scalar | Fact | None:
    """What both allow, where both hold; None where that is nothing."""
    if a is b:
        return a
    if type(a) is not Fact and type(b) is not Fact:
        return sc.meet(a, b)
    na, nb = number_of(a), number_of(b)
    num = sc.meet(na, nb) if na is not None and nb is not None else None
    other = {id(q.region): q for q in pointers_of(b)}
    ptrs: list[Ptr] = []
    if id(UNKNOWN) in other:
        ptrs = list(pointers_of(a))
    elif any(p.region is UNKNOWN for p in pointers_of(a)):
        ptrs = list(pointers_of(b))
    else:
        for p in pointers_of(a):
            q = other.get(id(p.region))
            if q is not None:
                offset = sc.meet(p.offset, q.offset)
                if offset is not None:
                    ptrs.append(Ptr(p.region, offset))
    undef = type(a) is Fact and a.undef and type(b) is Fact and b.undef
    return make(num, ptrs, undef=undef) if num is not None or ptrs else None
