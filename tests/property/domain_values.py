"""Abstract words that are known to contain a concrete one, and what must hold of every operation on them.

    a, x = data.draw(members(scalar))       a.contains(x)
    check_alu(scalar, "add", 64, a, x, b, y)

`scalar` is the module under test, or a copy of it that was changed (tests/proofs/mutants.py): the same checks must then fail.
"""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from bpfcc.bpfir.semantics import ALU, COMPARE, AluKind, CompareKind, sext, zext

UMAX = (1 << 64) - 1
WIDTHS = st.sampled_from([32, 64])
# Near the edges where bounds, signs and halves change.
EDGES = [0, 1, 255, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, UMAX]
WORDS = st.one_of(
    st.integers(0, 300),
    st.integers(-300, -1).map(lambda x: x & UMAX),
    st.tuples(st.sampled_from(EDGES), st.integers(-9, 9)).map(lambda edge: sum(edge) & UMAX),
    st.integers(0, 63).map(lambda bit: 1 << bit),
    st.integers(0, (1 << 32) - 1),
    st.integers(0, UMAX),
)


def signed(x: int) -> int:
    return (x ^ (1 << 63)) - (1 << 63)


@st.composite
def around(draw: st.DrawFn, scalar: Any, x: int, depth: int = 2) -> Any:
    """A Scalar that contains `x`, made in one of the ways in which the verifier makes them."""
    distance = st.one_of(st.integers(0, 9), st.integers(0, 63).map(lambda bit: 1 << bit), st.integers(0, UMAX))
    kind = draw(st.integers(0, 9 if depth else 4))
    if kind == 0:
        return scalar.const(x)
    if kind == 1:
        return scalar.urange(max(0, x - draw(distance)), min(UMAX, x + draw(distance)))
    if kind == 2:
        return scalar.srange(max(-(1 << 63), signed(x) - draw(distance)), min((1 << 63) - 1, signed(x) + draw(distance)))
    if kind == 3:
        mask = draw(WORDS) | draw(WORDS)
        return scalar.tnum(x & ~mask, mask)
    if kind == 4:
        return scalar.TOP
    inner = draw(around(scalar, x, depth - 1))
    if kind == 5:
        other = scalar.meet(inner, draw(around(scalar, x, depth - 1)))
        assert other is not None
        return other
    if kind == 6:
        return scalar.join(inner, scalar.const(draw(WORDS)))
    if kind == 7:
        # A stride.
        step = draw(st.sampled_from([3, 8, 12, 20, 1500]))
        other = scalar.meet(inner, scalar.join(scalar.const(x), scalar.const(max(x % step, x - step * draw(st.integers(0, 50))))))
        return inner if other is None or not other.contains(x) else other
    y = draw(WORDS)
    compare, width = draw(st.sampled_from(get_args(CompareKind))), draw(WIDTHS)
    refined = scalar.refine(compare, width, COMPARE[compare](width, x, y), inner, draw(around(scalar, y, depth - 1)))
    assert refined is not None
    return scalar.widen(inner, refined[0], (16, 1500)) if kind == 9 else refined[0]


@st.composite
def members(draw: st.DrawFn, scalar: Any) -> tuple[Any, int]:
    """A Scalar and one of its words."""
    x = draw(WORDS)
    a = draw(around(scalar, x))
    assert a.contains(x)
    return a, x


def well_formed(scalar: Any, a: Any) -> bool:
    """The invariant of Scalar."""
    constant = scalar.const(a.umin).fields() == a.fields()
    return (
        0 <= a.umin <= a.umax <= UMAX
        and -(1 << 63) <= a.smin <= a.smax < 1 << 63
        and 0 <= a.u32min <= a.u32max < 1 << 32
        and -(1 << 31) <= a.s32min <= a.s32max < 1 << 31
        and a.value & a.mask == 0
        and a.value | a.mask <= UMAX
        and 0 <= a.residue < a.modulus <= UMAX
        and (constant if a.umin == a.umax or a.mask == 0 else a.modulus <= a.umax - a.umin)
    )


def check_alu(scalar: Any, kind: AluKind, width: int, left: tuple[Any, int], right: tuple[Any, int]) -> None:
    """What the words can become is in the result."""
    (a, x), (b, y) = left, right
    result = scalar.alu(kind, width, a, b)
    assert result.contains(ALU[kind](width, x, y)), (a.fields(), b.fields(), result.fields())
    assert well_formed(scalar, result)


def check_cast(scalar: Any, from_bits: int, width: int, member: tuple[Any, int]) -> None:
    """The same of both extensions."""
    a, x = member
    for result, expected in (
        (scalar.cast("zext", from_bits, width, a), zext(from_bits, width, x)),
        (scalar.cast("sext", from_bits, width, a), sext(from_bits, width, x)),
    ):
        assert result.contains(expected)
        assert well_formed(scalar, result)


def check_comparison(scalar: Any, kind: CompareKind, width: int, left: tuple[Any, int], right: tuple[Any, int]) -> None:
    """What a comparison says is so, and leaves the words for which it is."""
    (a, x), (b, y) = left, right
    holds = COMPARE[kind](width, x, y)
    said = scalar.truth(kind, width, a, b)
    assert said is None or said == holds
    refined = scalar.refine(kind, width, holds, a, b)
    assert refined is not None
    for result, operand, word in ((refined[0], a, x), (refined[1], b, y)):
        assert result.contains(word)
        assert well_formed(scalar, result)
        assert scalar.leq(result, operand)
    if said is not None and kind not in ("eq", "ne", "test"):
        assert scalar.refine(kind, width, not said, a, b) is None


def check_bounds(scalar: Any, first: tuple[Any, int], second: tuple[Any, int]) -> None:
    """Join and meet are bounds."""
    (a, x), (b, y) = first, second
    joined = scalar.join(a, b)
    assert joined.contains(x)
    assert joined.contains(y)
    assert well_formed(scalar, joined)
    assert scalar.leq(a, joined)
    assert scalar.leq(b, joined)
    met = scalar.meet(a, b)
    if met is None:
        assert not a.contains(y)
        assert not b.contains(x)
    else:
        assert well_formed(scalar, met)
        assert scalar.leq(met, a)
        assert scalar.leq(met, b)
        assert met.contains(x) or not b.contains(x)


def check_widening(scalar: Any, first: tuple[Any, int], second: tuple[Any, int], thresholds: list[int]) -> None:
    """So is widening, of what is above."""
    (a, x), (b, y) = first, second
    wide = scalar.widen(a, b, thresholds)
    assert wide.contains(x)
    assert wide.contains(y)
    assert well_formed(scalar, wide)
    assert scalar.leq(a, wide)
    assert scalar.leq(b, wide)
    assert scalar.widen(wide, a, thresholds) is wide
    assert scalar.widen(wide, b, thresholds) is wide
