"""`bpfcc.bpfir.semantics` against C's fixed-width integers and exact fractions."""

from __future__ import annotations

import ctypes
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.bpfir import semantics
from bpfcc.bpfir.semantics import ALU, ATOMIC, BSWAP, COMPARE, NEGATED, SWAPPED, mask, sext, signed, zext

if TYPE_CHECKING:
    from collections.abc import Callable

EDGES = (0, 1, 2, 31, 32, 63, 64, 0x7F, 0x80, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
words = st.one_of(st.sampled_from(EDGES), st.integers(0, (1 << 64) - 1))
widths = st.sampled_from((32, 64))

UNSIGNED = {32: ctypes.c_uint32, 64: ctypes.c_uint64}
SIGNED = {32: ctypes.c_int32, 64: ctypes.c_int64}


def _u(width: int, value: int) -> int:
    return UNSIGNED[width](value).value


def _s(width: int, value: int) -> int:
    return SIGNED[width](value).value


def _quotient(dividend: int, divisor: int) -> int:
    return math.trunc(Fraction(dividend, divisor))


def _remainder(dividend: int, divisor: int) -> int:
    return dividend - divisor * _quotient(dividend, divisor)


REFERENCE: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda w, a, b: a + b,
    "sub": lambda w, a, b: a - b,
    "mul": lambda w, a, b: a * b,
    "div": lambda w, a, b: _quotient(_u(w, a), _u(w, b)) if _u(w, b) else 0,
    "mod": lambda w, a, b: _remainder(_u(w, a), _u(w, b)) if _u(w, b) else a,
    "sdiv": lambda w, a, b: _quotient(_s(w, a), _s(w, b)) if _s(w, b) else 0,
    "smod": lambda w, a, b: _remainder(_s(w, a), _s(w, b)) if _s(w, b) else a,
    "and": lambda w, a, b: a & b,
    "or": lambda w, a, b: a | b,
    "xor": lambda w, a, b: a ^ b,
    "lsh": lambda w, a, b: a * 2 ** (b % w),
    "rsh": lambda w, a, b: _u(w, a) // 2 ** (b % w),
    "arsh": lambda w, a, b: _s(w, a) // 2 ** (b % w),
}

COMPARISONS: dict[str, Callable[[int, int, int], bool]] = {
    "eq": lambda w, a, b: _u(w, a) == _u(w, b),
    "ne": lambda w, a, b: _u(w, a) != _u(w, b),
    "ult": lambda w, a, b: _u(w, a) < _u(w, b),
    "ule": lambda w, a, b: _u(w, a) <= _u(w, b),
    "ugt": lambda w, a, b: _u(w, a) > _u(w, b),
    "uge": lambda w, a, b: _u(w, a) >= _u(w, b),
    "slt": lambda w, a, b: _s(w, a) < _s(w, b),
    "sle": lambda w, a, b: _s(w, a) <= _s(w, b),
    "sgt": lambda w, a, b: _s(w, a) > _s(w, b),
    "sge": lambda w, a, b: _s(w, a) >= _s(w, b),
    "test": lambda w, a, b: bool(_u(w, a & b)),
}


def test_the_references_are_complete() -> None:
    assert set(REFERENCE) == set(ALU)
    assert set(COMPARISONS) == set(COMPARE)


@pytest.mark.parametrize("kind", sorted(ALU))
@given(width=widths, lhs=words, rhs=words)
def test_alu(kind: semantics.AluKind, width: int, lhs: int, rhs: int) -> None:
    assert ALU[kind](width, lhs, rhs) == _u(width, REFERENCE[kind](width, lhs, rhs))


@pytest.mark.parametrize("kind", sorted(ALU))
@pytest.mark.parametrize("width", [32, 64])
def test_alu_edges(kind: semantics.AluKind, width: int) -> None:
    for lhs in EDGES:
        for rhs in EDGES:
            assert ALU[kind](width, lhs, rhs) == _u(width, REFERENCE[kind](width, lhs, rhs)), (lhs, rhs)


@pytest.mark.parametrize(
    ("kind", "width", "lhs", "rhs", "expected"),
    [
        ("div", 64, 5, 0, 0),
        ("sdiv", 64, 5, 0, 0),
        ("mod", 64, (1 << 64) - 1, 0, (1 << 64) - 1),
        ("mod", 32, (1 << 64) - 1, 0, 0xFFFF_FFFF),
        ("smod", 32, (1 << 64) - 1, 1 << 32, 0xFFFF_FFFF),
        ("sdiv", 64, 1 << 63, (1 << 64) - 1, 1 << 63),
        ("smod", 64, 1 << 63, (1 << 64) - 1, 0),
        ("sdiv", 32, 0x8000_0000, 0xFFFF_FFFF, 0x8000_0000),
        ("smod", 64, mask(64, -13), 4, mask(64, -1)),
        ("smod", 64, 13, mask(64, -4), 1),
        ("sdiv", 32, mask(64, -13), 4, 0xFFFF_FFFD),
        ("arsh", 32, 0x8000_0000, 4, 0xF800_0000),
        ("lsh", 32, 1, 33, 2),
    ],
)
def test_cases_that_the_standard_names(kind: semantics.AluKind, width: int, lhs: int, rhs: int, expected: int) -> None:
    assert ALU[kind](width, lhs, rhs) == expected


@pytest.mark.parametrize("kind", sorted(COMPARE))
@given(width=widths, lhs=words, rhs=words)
def test_compare(kind: semantics.CompareKind, width: int, lhs: int, rhs: int) -> None:
    assert COMPARE[kind](width, lhs, rhs) is COMPARISONS[kind](width, lhs, rhs)


@pytest.mark.parametrize("kind", sorted(NEGATED))
@given(width=widths, lhs=words, rhs=words)
def test_negated(kind: semantics.CompareKind, width: int, lhs: int, rhs: int) -> None:
    assert COMPARE[NEGATED[kind]](width, lhs, rhs) is not COMPARE[kind](width, lhs, rhs)
    assert NEGATED[NEGATED[kind]] == kind


@pytest.mark.parametrize("kind", sorted(SWAPPED))
@given(width=widths, lhs=words, rhs=words)
def test_swapped(kind: semantics.CompareKind, width: int, lhs: int, rhs: int) -> None:
    assert COMPARE[SWAPPED[kind]](width, rhs, lhs) is COMPARE[kind](width, lhs, rhs)


@given(value=words)
def test_casts(value: int) -> None:
    for bits, kind in ((8, ctypes.c_int8), (16, ctypes.c_int16), (32, ctypes.c_int32)):
        for width in (32, 64):
            assert sext(bits, width, value) == _u(width, kind(value).value)
            assert zext(bits, width, value) == value % 2**bits
    assert signed(64, value) == _s(64, value)
    assert mask(64, signed(64, value)) == value


@given(value=words)
def test_bswap(value: int) -> None:
    for width in (16, 32, 64):
        assert BSWAP[width](value) == int.from_bytes(mask(width, value).to_bytes(width // 8, "big"), "little")
        assert BSWAP[width](BSWAP[width](value)) == mask(width, value)


@given(width=widths, memory=words, operand=words, expected=words)
def test_atomics(width: int, memory: int, operand: int, expected: int) -> None:
    old = mask(width, memory)
    for kind in ("add", "or", "and", "xor"):
        assert ATOMIC[kind](width, memory, operand, expected) == (ALU[kind](width, memory, operand), old)
    assert ATOMIC["xchg"](width, memory, operand, expected) == (mask(width, operand), old)
    assert ATOMIC["cmpxchg"](width, memory, operand, memory) == (mask(width, operand), old)
    if old != mask(width, expected):
        assert ATOMIC["cmpxchg"](width, memory, operand, expected) == (old, old)


def test_an_incomplete_table_is_refused() -> None:
    with pytest.raises(LookupError, match="'cmpxchg'"):
        semantics._complete([kind for kind in ATOMIC if kind != "cmpxchg"], semantics.AtomicKind)
