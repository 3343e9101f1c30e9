"""The abstract word: how precise it is where real programs need it, and what its interface promises."""

from __future__ import annotations

import doctest
import importlib

import pytest

from bpfcc.bpfir.semantics import ALU, COMPARE
from bpfcc.verifier.domains import arith, bits, lattice, number, reduction, scalar
from bpfcc.verifier.domains import refine as refinement
from bpfcc.verifier.domains import widen as widening
from bpfcc.verifier.domains.scalar import (
    TOP,
    Scalar,
    alu,
    bswap,
    cast,
    const,
    join,
    leq,
    meet,
    of_bytes,
    of_bytes_signed,
    refine,
    srange,
    tnum,
    truth,
    urange,
    widen,
)

UMAX = (1 << 64) - 1
BYTE, HALF_WORD = of_bytes(1), of_bytes(4)


def bounds(a: Scalar) -> tuple[int, int]:
    return a.umin, a.umax


def signed_bounds(a: Scalar) -> tuple[int, int]:
    return a.smin, a.smax


@pytest.mark.parametrize("module", [number, lattice, refinement, widening, scalar])
def test_examples_in_docstrings(module: object) -> None:
    name = getattr(module, "__name__", "")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


class TestConstructors:
    def test_constants(self) -> None:
        assert const(5).is_const()
        assert const(5).umin == 5
        assert const(-1).umin == UMAX
        assert const(-1).smin == -1
        assert const(5) is const(5)
        assert const(1 << 63).smin == -(1 << 63)
        assert (const(-1).modulus, const(-1).mask) == (1, 0)

    def test_ranges(self) -> None:
        assert bounds(urange(3, 9)) == (3, 9)
        assert signed_bounds(srange(-3, 9)) == (-3, 9)
        assert bounds(srange(-3, -1)) == (UMAX - 2, UMAX)
        assert urange(7, 7) is const(7)
        assert urange(0, UMAX) == TOP
        assert srange(-(1 << 63), (1 << 63) - 1) == TOP

    def test_loads(self) -> None:
        assert [of_bytes(n).umax for n in (1, 2, 4, 8)] == [0xFF, 0xFFFF, 0xFFFF_FFFF, UMAX]
        assert of_bytes(2) is of_bytes(2)
        assert signed_bounds(of_bytes_signed(2)) == (-(1 << 15), (1 << 15) - 1)
        assert of_bytes(8) is TOP
        assert of_bytes_signed(8) is TOP

    def test_known_bits(self) -> None:
        a = tnum(0b100, 0b011)
        assert bounds(a) == (4, 7)
        assert tnum(0xFF, 0) is const(0xFF)
        assert tnum(0, 0b1000) == join(const(0), const(8))

    def test_equal_by_value(self) -> None:
        assert urange(3, 9) == urange(3, 9)
        assert hash(urange(3, 9)) == hash(urange(3, 9))
        assert urange(3, 9) != urange(3, 10)
        assert urange(3, 9) != "[3, 9]"
        assert urange(0, 8) != alu("and", 64, urange(0, 8), const(-8))

    @pytest.mark.parametrize(
        ("a", "text"),
        [
            (const(5), "5"),
            (TOP, "any"),
            (BYTE, "[0, 255]"),
            (srange(-10, 245), "[-10, 245]"),
            (alu("mul", 64, BYTE, const(12)), "[0, 3060] step 12"),
            (alu("and", 64, TOP, const(-8)), "step 8"),
            (alu("add", 64, alu("mul", 64, BYTE, const(12)), const(5)), "[5, 3065] step 12"),
            (tnum(0b10000, 0b101), "[16, 21] bits 0b10x0x"),
            (refine("slt", 32, True, HALF_WORD, const(5))[0], "[0, 0xffffffff] low signed [-0x80000000, 4]"),  # type: ignore[index]
        ],
    )
    def test_text(self, a: Scalar, text: str) -> None:
        assert repr(a) == text


class TestArithmetic:
    @pytest.mark.parametrize(
        ("kind", "a", "b", "expected"),
        [
            ("add", BYTE, const(5), (5, 260)),
            ("add", urange(UMAX - 9, UMAX), const(10), (0, 9)),
            ("sub", urange(14, 64), const(14), (0, 50)),
            ("sub", urange(0, 9), const(10), (UMAX - 9, UMAX)),
            ("mul", BYTE, const(12), (0, 3060)),
            ("mul", HALF_WORD, const(20), (0, 20 * 0xFFFF_FFFF)),
            ("mul", BYTE, BYTE, (0, 65025)),
            ("div", TOP, const(10), (0, UMAX // 10)),
            ("div", urange(100, 200), urange(2, 5), (20, 100)),
            ("div", TOP, const(0), (0, 0)),
            ("div", urange(10, 20), urange(0, 5), (0, 20)),
            ("mod", TOP, const(10), (0, 9)),
            ("mod", TOP, urange(1, 7), (0, 6)),
            ("mod", urange(0, 100), urange(0, 7), (0, 100)),
            ("mod", urange(21, 29), const(10), (1, 9)),
            ("mod", urange(3, 9), const(0), (3, 9)),
            ("mod", TOP, const(16), (0, 15)),
            ("and", TOP, const(255), (0, 255)),
            ("and", urange(0, 1500), const(-8), (0, 1496)),
            ("and", urange(0x101, 0x10F), const(0xFF), (1, 0xF)),
            ("or", alu("lsh", 64, BYTE, const(8)), BYTE, (0, 65535)),
            ("or", urange(0, 7), const(8), (8, 15)),
            ("xor", BYTE, const(255), (0, 255)),
            ("xor", urange(3, 9), const(15), (6, 12)),
            ("lsh", alu("and", 64, TOP, const(15)), const(2), (0, 60)),
            ("lsh", const(1), urange(0, 4), (1, 16)),
            ("rsh", TOP, const(60), (0, 15)),
            ("rsh", urange(0, 255), urange(1, 3), (0, 127)),
            ("rsh", TOP, const(64), (0, UMAX)),
        ],
    )
    def test_bounds(self, kind: str, a: Scalar, b: Scalar, expected: tuple[int, int]) -> None:
        assert bounds(alu(kind, 64, a, b)) == expected  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("kind", "a", "b", "expected"),
        [
            ("sub", BYTE, const(10), (-10, 245)),
            ("add", srange(-5, 5), srange(-5, 5), (-10, 10)),
            ("mul", srange(-5, 5), const(-3), (-15, 15)),
            ("sdiv", srange(-100, 50), const(4), (-25, 12)),
            ("sdiv", srange(-100, 50), const(-4), (-12, 25)),
            ("sdiv", srange(-(1 << 63), -(1 << 63) + 1), const(-1), (-(1 << 63), (1 << 63) - 1)),
            ("smod", srange(-100, 50), const(8), (-7, 7)),
            ("smod", srange(1, 50), const(-8), (0, 7)),
            ("smod", srange(-100, 50), urange(0, 3), (-100, 50)),
            ("arsh", srange(-100, 50), const(2), (-25, 12)),
            ("and", srange(-5, 9), srange(-7, 9), (-8, 9)),
            ("xor", srange(-5, 9), const(-1), (-10, 4)),
        ],
    )
    def test_signed_bounds(self, kind: str, a: Scalar, b: Scalar, expected: tuple[int, int]) -> None:
        assert signed_bounds(alu(kind, 64, a, b)) == expected  # type: ignore[arg-type]

    def test_strides(self) -> None:
        records = alu("mul", 64, urange(0, 9), const(12))
        assert (records.modulus, records.residue) == (12, 0)
        member = alu("add", 64, records, const(5))
        assert (member.modulus, member.residue) == (12, 5)
        assert alu("sub", 64, member, const(5)) == records
        assert alu("mod", 64, member, const(6)) is const(5)
        assert alu("div", 64, records, const(12)) == urange(0, 9)
        assert alu("and", 64, TOP, const(-8)).modulus == 8

    def test_pairs_of_shifts(self) -> None:
        assert alu("rsh", 64, alu("lsh", 64, TOP, const(48)), const(48)) == of_bytes(2)
        assert alu("arsh", 64, alu("lsh", 64, TOP, const(56)), const(56)) == of_bytes_signed(1)
        low = refine("ult", 32, True, TOP, const(10))
        assert low is not None
        assert alu("rsh", 64, alu("lsh", 64, low[0], const(32)), const(32)) == urange(0, 9)

    def test_operations_of_halves(self) -> None:
        assert bounds(alu("add", 32, TOP, const(1))) == (0, 0xFFFF_FFFF)
        assert bounds(alu("add", 32, urange(0xFFFF_FFF0, 0xFFFF_FFFF), const(0x10))) == (0, 0xF)
        small = alu("sub", 32, BYTE, const(10))
        assert (small.s32min, small.s32max) == (-10, 245)
        assert signed_bounds(cast("sext", 32, 64, small)) == (-10, 245)
        assert bounds(alu("arsh", 32, small, const(31))) == (0, 0xFFFF_FFFF)
        assert bounds(alu("lsh", 32, const(1), const(33))) == (2, 2)
        assert alu("mod", 32, TOP, const(16)) == urange(0, 15)

    def test_what_changes_nothing_is_the_operand(self) -> None:
        a = urange(3, 9)
        for kind in ("add", "sub", "or", "xor", "lsh", "rsh", "arsh"):
            assert alu(kind, 64, a, const(0)) is a  # type: ignore[arg-type]
        assert alu("and", 64, a, const(255)) is a
        assert alu("mul", 64, a, const(1)) is a
        assert alu("mod", 64, a, const(10)) is a
        assert cast("zext", 32, 64, a) is a
        assert cast("sext", 8, 64, a) is a
        assert alu("add", 64, TOP, a) is TOP

    def test_casts(self) -> None:
        assert cast("zext", 32, 64, TOP) == HALF_WORD
        assert cast("zext", 8, 64, TOP) == BYTE
        assert cast("sext", 8, 64, TOP) == of_bytes_signed(1)
        assert cast("sext", 8, 64, urange(0, 200)) == srange(-128, 127)
        assert cast("sext", 8, 64, urange(128, 200)) == srange(-128, -56)
        assert bounds(cast("sext", 8, 32, urange(128, 200))) == (0xFFFF_FF80, 0xFFFF_FFC8)

    def test_bswap(self) -> None:
        assert bswap(16, BYTE) == alu("lsh", 64, BYTE, const(8))
        assert bswap(16, const(0x1234)) is const(0x3412)
        assert bounds(bswap(32, urange(0, 5))) == (0, 5 << 24)
        assert bswap(16, TOP) == of_bytes(2)


class TestComparisons:
    @pytest.mark.parametrize(
        ("kind", "width", "holds", "a", "b", "expected"),
        [
            ("ult", 64, True, TOP, const(10), (0, 9)),
            ("ult", 64, False, TOP, const(10), (10, UMAX)),
            ("ugt", 64, True, BYTE, const(10), (11, 255)),
            ("ne", 64, True, urange(0, 10), const(0), (1, 10)),
            ("ne", 32, True, urange(0, 10), const(10), (0, 9)),
            ("ne", 64, True, alu("mul", 64, urange(0, 9), const(12)), const(0), (12, 108)),
            ("eq", 64, True, TOP, const(8), (8, 8)),
            ("eq", 64, True, urange(0, 9), urange(5, 20), (5, 9)),
            ("sgt", 64, True, TOP, const(0), (1, (1 << 63) - 1)),
            ("sge", 32, True, HALF_WORD, const(0), (0, (1 << 31) - 1)),
            ("slt", 64, True, TOP, const(0), (1 << 63, UMAX)),
            ("test", 64, True, BYTE, const(8), (8, 255)),
            ("test", 64, False, BYTE, const(0xF0), (0, 15)),
            ("test", 32, True, BYTE, const(1), (1, 255)),
        ],
    )
    def test_refine(self, kind: str, width: int, holds: bool, a: Scalar, b: Scalar, expected: tuple[int, int]) -> None:
        refined = refine(kind, width, holds, a, b)  # type: ignore[arg-type]
        assert refined is not None
        assert bounds(refined[0]) == expected
        assert refined[1] is b or kind == "eq"

    def test_both_sides(self) -> None:
        refined = refine("ult", 64, True, urange(5, 20), urange(0, 10))
        assert refined is not None
        assert (bounds(refined[0]), bounds(refined[1])) == ((5, 9), (6, 10))

    def test_low_half_of_an_unknown_word(self) -> None:
        refined = refine("ult", 32, True, TOP, const(10))
        assert refined is not None
        assert (refined[0].u32min, refined[0].u32max) == (0, 9)
        assert cast("zext", 32, 64, refined[0]) == urange(0, 9)
        below = refine("slt", 32, True, TOP, const(5))
        assert below is not None
        both = refine("sgt", 32, True, below[0], const(-5))
        assert both is not None
        assert cast("sext", 32, 64, both[0]) == srange(-4, 4)

    def test_impossible(self) -> None:
        assert refine("ult", 64, True, urange(10, 20), const(10)) is None
        assert refine("eq", 64, True, urange(0, 5), const(6)) is None
        assert refine("ne", 64, True, const(6), const(6)) is None
        assert refine("eq", 64, True, alu("mul", 64, BYTE, const(12)), const(13)) is None
        assert refine("test", 64, True, urange(0, 7), const(8)) is None
        assert refine("test", 64, False, const(8), const(8)) is None

    def test_nothing_new_is_the_operand(self) -> None:
        refined = refine("ule", 64, True, BYTE, const(255))
        assert refined is not None
        assert refined[0] is BYTE
        assert refine("ne", 64, True, BYTE, urange(0, 5)) == (BYTE, urange(0, 5))

    @pytest.mark.parametrize(
        ("kind", "a", "b", "expected"),
        [
            ("ult", BYTE, const(256), True),
            ("ult", const(256), BYTE, False),
            ("ult", BYTE, const(255), None),
            ("uge", BYTE, const(0), True),
            ("slt", srange(-9, -1), const(0), True),
            ("sle", srange(-9, 1), const(0), None),
            ("eq", const(5), const(5), True),
            ("eq", BYTE, const(256), False),
            ("ne", alu("mul", 64, BYTE, const(12)), const(13), True),
            ("eq", alu("and", 64, TOP, const(-8)), const(4), False),
            ("test", tnum(8, 7), const(8), True),
            ("test", urange(0, 7), const(8), False),
        ],
    )
    def test_truth(self, kind: str, a: Scalar, b: Scalar, expected: bool | None) -> None:
        assert truth(kind, 64, a, b) is expected  # type: ignore[arg-type]


class TestLattice:
    def test_join(self) -> None:
        assert join(urange(0, 5), urange(3, 9)) == urange(0, 9)
        assert (join(const(0), const(12)).modulus, join(join(const(0), const(12)), const(36)).modulus) == (12, 12)
        assert signed_bounds(join(const(1), const(-1))) == (-1, 1)
        assert join(BYTE, const(3)) is BYTE

    def test_meet(self) -> None:
        assert meet(urange(0, 5), urange(3, 9)) == urange(3, 5)
        assert meet(urange(0, 5), urange(6, 9)) is None
        assert meet(alu("mul", 64, BYTE, const(4)), alu("mul", 64, urange(0, 9), const(6))) == alu("mul", 64, urange(0, 4), const(12))
        assert meet(alu("mul", 64, BYTE, const(4)), alu("add", 64, alu("mul", 64, BYTE, const(4)), const(2))) is None
        assert meet(BYTE, HALF_WORD) is BYTE

    def test_order(self) -> None:
        assert leq(const(3), BYTE)
        assert leq(alu("mul", 64, urange(0, 9), const(12)), alu("mul", 64, BYTE, const(4)))
        assert not leq(BYTE, urange(0, 254))

    def test_widening(self) -> None:
        thresholds = (16, 1500)
        first = widen(const(0), urange(0, 1), thresholds)
        assert bounds(first) == (0, 16)
        assert bounds(widen(first, urange(0, 17), thresholds)) == (0, 1500)
        assert widen(first, urange(0, 9), thresholds) is first
        strided = widen(const(0), join(const(0), const(12)), thresholds)
        assert (strided.modulus, strided.residue) == (12, 0)
        down = widen(const(10), urange(9, 10), (0, 5))
        assert bounds(down) == (5, 10)


class TestTables:
    def test_total(self) -> None:
        assert set(scalar._WORD) == set(scalar._HALF) == set(ALU)
        for table in (refinement._WORD, refinement._HALF, refinement._WORD_TRUTH, refinement._HALF_TRUTH):
            assert set(table) == set(COMPARE)

    def test_an_incomplete_table_is_refused(self) -> None:
        with pytest.raises(LookupError, match="arsh"):
            scalar.complete({kind: entry for kind, entry in scalar._WORD.items() if kind != "arsh"})
        with pytest.raises(LookupError, match="test"):
            refinement.complete({kind: entry for kind, entry in refinement._WORD.items() if kind != "test"})


def test_contradicting_facts_are_found() -> None:
    """`reduce` and its shorter forms see what cannot be, and do not call it something."""
    assert reduction.narrow(5, 3, 0, UMAX, 1, 0) is None
    assert reduction.narrow(1, 7, 0, 8, 1, 0) is None
    assert reduction.narrow(1, 7, 0, UMAX, 8, 0) is None
    assert reduction.narrow(8, 15, 0, 7, 1, 0) is None
    everything = (0, UMAX, -(1 << 63), (1 << 63) - 1, 0, (1 << 32) - 1, -(1 << 31), (1 << 31) - 1)
    assert reduction.reduce(*everything, 0, UMAX, 1, 0) == TOP
    assert reduction.reduce(0, UMAX, 5, -5, *everything[4:], 0, UMAX, 1, 0) is None
    assert reduction.reduce(*everything, 1, UMAX - 1, 4, 0) is None
    assert reduction.reduce(1 << 40, 1 << 41, *everything[2:4], 5, 4, *everything[6:], 0, UMAX, 1, 0) is None
    assert arith.lanes_of(0, 1 << 40) == everything[4:]
    assert bits.shift_range(TOP) == (0, 63)
