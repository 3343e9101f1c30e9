"""The abstract word against concrete words: every operation, on values built around members that are known."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpfcc.bpfir.semantics import BSWAP, AluKind, CompareKind
from bpfcc.verifier.domains import scalar
from bpfcc.verifier.domains.scalar import TOP, Scalar, alu, bswap, const, join, leq, meet, widen
from tests.property.domain_values import (
    UMAX,
    WIDTHS,
    WORDS,
    check_alu,
    check_bounds,
    check_cast,
    check_comparison,
    check_widening,
    members,
    well_formed,
)

Member = tuple[Scalar, int]
MEMBERS = members(scalar)
THRESHOLDS = st.lists(WORDS, max_size=5).map(lambda words: sorted(set(words)))
CONSTANTS = [0, 1, 2, 3, 5, 8, 12, 31, 32, 33, 63, 64, 255, -1, -8, 1 << 31, 1 << 63]


@pytest.mark.parametrize("kind", get_args(AluKind))
@given(MEMBERS, MEMBERS, WIDTHS)
@settings(max_examples=60)
def test_alu(kind: AluKind, left: Member, right: Member, width: int) -> None:
    check_alu(scalar, kind, width, left, right)


@pytest.mark.parametrize("kind", get_args(AluKind))
@given(MEMBERS, st.sampled_from(CONSTANTS), WIDTHS)
@settings(max_examples=60)
def test_alu_with_constant(kind: AluKind, left: Member, number: int, width: int) -> None:
    constant = (const(number), number & UMAX)
    check_alu(scalar, kind, width, left, constant)
    check_alu(scalar, kind, width, constant, left)


@given(MEMBERS, WIDTHS, st.sampled_from([8, 16, 32, 64]))
@settings(max_examples=150)
def test_casts(member: Member, width: int, from_bits: int) -> None:
    check_cast(scalar, from_bits, width, member)


@pytest.mark.parametrize("width", sorted(BSWAP))
@given(MEMBERS)
@settings(max_examples=60)
def test_bswap(width: int, member: Member) -> None:
    a, x = member
    result = bswap(width, a)
    assert result.contains(BSWAP[width](x))
    assert well_formed(scalar, result)


@pytest.mark.parametrize("kind", get_args(CompareKind))
@given(MEMBERS, MEMBERS, WIDTHS)
@settings(max_examples=60)
def test_refine_and_truth(kind: CompareKind, left: Member, right: Member, width: int) -> None:
    check_comparison(scalar, kind, width, left, right)


@given(MEMBERS, MEMBERS)
@settings(max_examples=250)
def test_join_and_meet_are_bounds(first: Member, second: Member) -> None:
    check_bounds(scalar, first, second)


@given(MEMBERS, MEMBERS, MEMBERS)
@settings(max_examples=200)
def test_order(first: Member, second: Member, third: Member) -> None:
    (a, x), (b, _), (c, _) = first, second, third
    joined = join(a, b)
    assert leq(a, a)
    assert leq(a, TOP)
    assert join(joined, a) is joined
    assert join(a, joined) == joined
    assert not leq(a, c) or not leq(c, b) or leq(a, b)
    if leq(a, b):
        assert b.contains(x)
        assert join(a, b) == b


@given(MEMBERS)
@settings(max_examples=100)
def test_what_changes_nothing_gives_the_operand(member: Member) -> None:
    a, _ = member
    assert join(a, a) is a
    assert meet(a, a) is a
    assert meet(a, TOP) is a
    assert meet(TOP, a) is a
    assert widen(a, a, ()) is a
    for kind in ("add", "sub", "or", "xor", "lsh", "rsh", "arsh"):
        assert a.is_const() or a is TOP or alu(kind, 64, a, const(0)) == a
    copy = Scalar(*a.fields())
    assert copy == a
    assert hash(copy) == hash(a)


@given(MEMBERS, MEMBERS, THRESHOLDS)
@settings(max_examples=150)
def test_widening_is_an_upper_bound(first: Member, second: Member, thresholds: list[int]) -> None:
    check_widening(scalar, first, second, thresholds)


@given(MEMBERS, st.lists(st.tuples(MEMBERS, st.sampled_from(get_args(AluKind)), WIDTHS), min_size=1, max_size=4), THRESHOLDS)
@settings(max_examples=80)
def test_widening_ends(start: Member, steps: list[Any], thresholds: list[int]) -> None:
    """A loop whose body is any sequence of operations is stable after few rounds: at most the thresholds of each of eight bounds."""
    old = start[0]
    limit = 8 * (len(thresholds) + 2) + 12
    for _ in range(limit):
        new = old
        for (operand, _), kind, width in steps:
            new = alu(kind, width, new, operand)
        wide = widen(old, join(old, new), thresholds)
        if wide is old:
            return
        assert not leq(wide, old)
        old = wide
    pytest.fail(f"not stable after {limit} rounds")


@given(MEMBERS, MEMBERS)
@settings(max_examples=60)
def test_text_is_short(first: Member, second: Member) -> None:
    for a in (first[0], second[0], join(first[0], second[0])):
        assert 0 < len(repr(a)) < 160
