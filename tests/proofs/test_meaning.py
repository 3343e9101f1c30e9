"""The standard written in z3 says what `bpfcc.bpfir.semantics` says."""

from __future__ import annotations

import itertools
import random
from typing import get_args

import pytest

z3 = pytest.importorskip("z3", reason="the proofs need z3")

from bpfcc.bpfir.semantics import ALU, BSWAP, COMPARE, AluKind, CompareKind, sext, zext
from tests.proofs import meaning

EDGES = [0, 1, 2, 31, 32, 63, 64, 255, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
RANDOM = random.Random(9669)
WORDS = [*EDGES, *(RANDOM.getrandbits(RANDOM.randrange(1, 65)) for _ in range(10))]


def _value(term: object) -> int:
    return int(z3.simplify(term).as_long())


@pytest.mark.parametrize("kind", get_args(AluKind))
@pytest.mark.parametrize("width", [32, 64])
def test_alu(kind: AluKind, width: int) -> None:
    x, y = z3.BitVecs("x y", 64)
    term = meaning.alu(kind, 64, width, x, y)
    for p, q in RANDOM.sample(list(itertools.product(WORDS, WORDS)), 60):
        assert _value(z3.substitute(term, (x, z3.BitVecVal(p, 64)), (y, z3.BitVecVal(q, 64)))) == ALU[kind](width, p, q), (p, q)


@pytest.mark.parametrize("kind", get_args(CompareKind))
@pytest.mark.parametrize("width", [32, 64])
def test_compare(kind: CompareKind, width: int) -> None:
    x, y = z3.BitVecs("x y", 64)
    term = meaning.compare(kind, width, x, y)
    for p, q in RANDOM.sample(list(itertools.product(WORDS, WORDS)), 60):
        said = z3.simplify(z3.substitute(term, (x, z3.BitVecVal(p, 64)), (y, z3.BitVecVal(q, 64))))
        assert z3.is_true(said) == COMPARE[kind](width, p, q), (p, q)


def test_casts_and_swaps() -> None:
    for p in WORDS:
        x = z3.BitVecVal(p, 64)
        for bits, width in itertools.product((8, 16, 32, 64), (32, 64)):
            if bits <= width:
                assert _value(meaning.cast("zext", 64, bits, width, x)) == zext(bits, width, p)
                assert _value(meaning.cast("sext", 64, bits, width, x)) == sext(bits, width, p)
        for width, swap in BSWAP.items():
            assert _value(meaning.bswap(64, 8, width, x)) == swap(p)


@pytest.mark.parametrize("kind", get_args(AluKind))
def test_alu_at_four_bits(kind: AluKind) -> None:
    """Every pair of words."""
    for width, p, q in itertools.product((2, 4), range(16), range(16)):
        term = meaning.alu(kind, 4, width, z3.BitVecVal(p, 4), z3.BitVecVal(q, 4))
        assert _value(term) == ALU[kind](width, p, q), (width, p, q)
