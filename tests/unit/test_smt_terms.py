"""Terms of queries mean what `bpfcc.bpfir.semantics` says, and divisions are recognised only where they are some."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, get_args

import pytest

from bpfcc.bpfir.ops import Alu, Value
from bpfcc.bpfir.semantics import ALU, BSWAP, COMPARE, AluKind, CompareKind, sext, zext
from bpfcc.smt import solve
from bpfcc.verifier import smt_terms
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.smt_division import Quotient, quotient
from bpfcc.verifier.solver import Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bpfcc.verifier.domains.scalar import Scalar

pytest.importorskip("z3")
WORDS: Final = (
    0,
    1,
    2,
    7,
    0x80,
    0xFF,
    0x7FFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0001,
    1 << 63,
    (1 << 63) - 1,
    (1 << 64) - 1,
    0x0123_4567_89AB_CDEF,
)
SOME: Final = (0, 1, 0x1F, 0x8000_0000, 0xFFFF_FFFF, 1 << 63, (1 << 64) - 1, 0x0123_4567_89AB_CDEF)


def refuted(claims: Iterable[str], declarations: str = "") -> bool:
    """Whether one of the claims is false."""
    return solve(f"{declarations}(assert (not (and {' '.join(claims)})))", 50_000_000).status == "sat"


def alu_claims(kind: AluKind, width: int, *, constants: bool) -> list[str]:
    found = []
    for a in SOME:
        for b in SOME:
            right = smt_terms.number(b) if constants else f"(bvor {smt_terms.number(b)} zero)"
            term = smt_terms.alu(kind, width, smt_terms.number(a), right)
            found.append(f"(= {term} {smt_terms.number(ALU[kind](width, a, b))})")
    return found


DECLARED: Final = "(declare-const zero (_ BitVec 64)) (assert (= zero #x0000000000000000))"


@pytest.mark.parametrize("kind", get_args(AluKind))
@pytest.mark.parametrize("width", [32, 64])
def test_alu(kind: AluKind, width: int) -> None:
    assert not refuted(alu_claims(kind, width, constants=True) + alu_claims(kind, width, constants=False), DECLARED)


@pytest.mark.parametrize("kind", get_args(CompareKind))
@pytest.mark.parametrize("width", [32, 64])
def test_compare(kind: CompareKind, width: int) -> None:
    claims = []
    for a in SOME:
        for b in SOME:
            term = smt_terms.compare(kind, width, smt_terms.number(a), smt_terms.number(b))
            claims.append(term if COMPARE[kind](width, a, b) else f"(not {term})")
    assert not refuted(claims)


def test_casts_and_swaps() -> None:
    claims = []
    for a in WORDS:
        for from_bits in (8, 16, 32):
            for width in (32, 64):
                claims.append(
                    f"(= {smt_terms.cast('zext', from_bits, width, smt_terms.number(a))} {smt_terms.number(zext(from_bits, width, a))})"
                )
                claims.append(
                    f"(= {smt_terms.cast('sext', from_bits, width, smt_terms.number(a))} {smt_terms.number(sext(from_bits, width, a))})"
                )
        claims += [f"(= {smt_terms.swapped(width, smt_terms.number(a))} {smt_terms.number(BSWAP[width](a))})" for width in (16, 32, 64)]
    assert not refuted(claims)


def test_a_wrong_meaning_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(smt_terms._PLAIN, "sub", "bvadd")
    assert refuted(alu_claims("sub", 64, constants=True))


def facts() -> list[Scalar]:
    found = [sc.TOP, sc.const(5), sc.urange(3, 200), sc.srange(-7, 12), sc.of_bytes(2), sc.of_bytes_signed(4), sc.tnum(0x10, 0x0F)]
    found += [
        sc.alu("mul", 64, sc.urange(0, 20), sc.const(12)),
        sc.alu("add", 64, sc.of_bytes(4), sc.const(1 << 63)),
        sc.srange(-(1 << 40), -3),
    ]
    for kind in get_args(CompareKind):
        for width in (32, 64):
            refined = sc.refine(kind, width, True, sc.TOP, sc.const(0x8000_0001))
            if refined is not None:
                found.append(refined[0])
    return found


def test_facts_say_what_they_contain() -> None:
    rng = random.Random(1)
    words = [
        *WORDS,
        *(rng.randrange(1 << 64) for _ in range(20)),
        *range(0, 300, 12),
        *(w - 1 for w in WORDS if w),
        0x8000_0001,
        0x5_8000_0001,
    ]
    claims = []
    for fact in facts():
        for word in words:
            term = smt_terms.is_in(smt_terms.number(word), fact, remainders=True)
            claims.append(term if fact.contains(word) else f"(not {term})")
    assert not refuted(claims)


# ---- divisions


def divided(factor: int, places: int, most: int) -> int | None:
    """What is recognised in `x * factor >> places`, x at most `most`."""
    x, product, result = Value(1), Value(2), Value(3)
    product.definition = Alu(product, "mul", 64, x, factor)
    op = Alu(result, "rsh", 64, product, places)
    known = Facts()
    known.of[x] = sc.urange(0, most)
    found = quotient(op, known)
    return found.divisor if found is not None else None


# As clang writes them.
MAGIC: Final = (
    (3, 0xAAAA_AAAB, 33), (5, 0xCCCC_CCCD, 34), (6, 0xAAAA_AAAB, 34), (10, 0xCCCC_CCCD, 35), (11, 0xBA2E_8BA3, 35), (48, 0xAAAA_AAAB, 37),
    (100, 0x51EB_851F, 37),
)  # fmt: skip


@pytest.mark.parametrize(("divisor", "factor", "places"), MAGIC)
def test_divisions_of_compilers_are_recognised(divisor: int, factor: int, places: int) -> None:
    assert divided(factor, places, (1 << 32) - 1) == divisor


class Graph:
    """Operations on one number, with what they make of it."""

    def __init__(self, fact: Scalar) -> None:
        self.x = Value(0)
        self.known = Facts()
        self.known.of[self.x] = fact
        self.ops: list[Alu] = []

    def alu(self, kind: AluKind, width: int, lhs: Value | int, rhs: Value | int) -> Value:
        result = Value(len(self.ops) + 1)
        op = Alu(result, kind, width, lhs, rhs)  # type: ignore[arg-type]
        result.definition = op
        self.ops.append(op)
        return result

    def run(self, x: int) -> int:
        values = {self.x: x}
        for op in self.ops:
            lhs, rhs = (values[v] if isinstance(v, Value) else v for v in (op.lhs, op.rhs))
            values[op.result] = ALU[op.kind](op.width_bits, lhs, rhs)
        return values[self.ops[-1].result]

    def found(self) -> Quotient | None:
        return quotient(self.ops[-1], self.known)


def averaged(factor: int, shift: int) -> Graph:
    """x // 7 of 32 bits, whose factor has 33."""
    made = Graph(sc.of_bytes(4))
    q = made.alu("rsh", 64, made.alu("mul", 64, made.x, factor), 32)
    half = made.alu("rsh", 32, made.alu("sub", 32, made.x, q), 1)
    made.alu("rsh", 32, made.alu("add", 32, half, q), shift)
    return made


def signed_product(factor: int, places: int) -> Graph:
    """A signed x / 10."""
    made = Graph(sc.srange(-(1 << 31), (1 << 31) - 1))
    product = made.alu("mul", 64, made.x, factor)
    sign = made.alu("rsh", 64, product, 63)
    made.alu("add", 32, made.alu("arsh", 64, product, places), sign)
    return made


def signed_sum(factor: int, shift: int) -> Graph:
    """A signed x / 7, whose factor has 32 bits."""
    made = Graph(sc.srange(-(1 << 31), (1 << 31) - 1))
    upper = made.alu("rsh", 64, made.alu("mul", 64, made.x, factor - (1 << 32) + (1 << 64)), 32)
    total = made.alu("add", 32, upper, made.x)
    sign = made.alu("rsh", 32, total, 31)
    made.alu("add", 32, made.alu("arsh", 32, total, shift), sign)
    return made


def agrees(made: Graph, found: Quotient) -> bool:
    numbers = [0, 1, 6, 7, 9, 10, 11, (1 << 31) - 1, *(random.Random(7).randrange(1 << 31) for _ in range(200))]
    numbers += [found.divisor * n + r for n in (1, 5, (1 << 31) // found.divisor - 1) for r in (-1, 0, 1)]
    if found.signed:
        both = [*numbers, *(-n for n in numbers), -(1 << 31)]
        return all(made.run(n % (1 << 64)) == ALU["sdiv"](32, n % (1 << 32), found.divisor) for n in both)
    return all(made.run(n) == n // found.divisor for n in [*numbers, *((1 << 32) - 1 - n for n in numbers)])


@pytest.mark.parametrize(
    ("made", "divisor"),
    [
        (averaged(0x2492_4925, 2), 7),
        (signed_product(0x6666_6667, 34), 10),
        (signed_sum(0x9249_2493, 2), 7),
    ],
    ids=["averaged", "signed product", "signed sum"],
)
def test_other_forms_are_recognised(made: Graph, divisor: int) -> None:
    found = made.found()
    assert found is not None
    assert (found.x, found.divisor) == (made.x, divisor)
    assert agrees(made, found)


@pytest.mark.parametrize("form", [averaged, signed_product, signed_sum])
def test_other_forms_are_recognised_only_where_they_are_divisions(form: Callable[[int, int], Graph]) -> None:
    rng = random.Random(11)
    recognised = 0
    for _ in range(4000):
        divisor, shift = rng.randrange(3, 3000), rng.randrange(0, 12)
        places = shift + (33 if form is averaged else 32)
        factor = -(-(1 << places) // divisor) + rng.randrange(-1, 3)
        if form is averaged:
            factor -= 1 << 32
        if not 0 < factor < 1 << 32:
            continue
        made = form(factor, places if form is signed_product else shift)
        found = made.found()
        if found is not None:
            recognised += 1
            assert agrees(made, found), (factor, shift, found)
    assert recognised > 20


def test_what_is_recognised_is_a_division() -> None:
    rng = random.Random(3)
    recognised = 0
    for _ in range(4000):
        places = rng.randrange(1, 20)
        factor, most = rng.randrange(1, 1 << rng.randrange(1, 14)), rng.randrange(1, 2000)
        divisor = divided(factor, places, most)
        if divisor is not None:
            recognised += 1
            assert all(x * factor >> places == x // divisor for x in range(most + 1))
    assert recognised > 50


def test_what_is_nearly_a_division_is_not_recognised() -> None:
    assert divided(0xCCCC_CCCD, 35, (1 << 32) - 1) == 10
    assert divided(0xCCCC_CCCE, 35, (1 << 32) - 1) is None
    assert divided(0xCCCC_CCCC, 35, (1 << 32) - 1) is None
    assert divided(0xCCCC_CCCD, 34, (1 << 40) - 1) is None
