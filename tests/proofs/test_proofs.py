"""The claims of the register hold: a slice of them here, all of them as a soak (`python -m tests.proofs.table` prints them)."""

from __future__ import annotations

import pytest

pytest.importorskip("z3", reason="the proofs need z3")

from bpfcc.bpfir.semantics import ALU, COMPARE
from tests.proofs.register import POWERS, SMALL, TOTAL, WIDE, Claim, Variant, claims, run
from tests.proofs.symbolic import Explorer, RefutedError, Truth, symbol

ALL = list(claims())
# Every kind of function at four bits, a few at sixty-four.
QUICK = {
    (SMALL, "narrow"),
    (SMALL, "combine"),
    (SMALL, "word"),
    (SMALL, "constructors"),
    (SMALL, "div many, many"),
    (SMALL, "mod many, const"),
    (SMALL, "and many, many"),
    (SMALL, "or many, const"),
    (SMALL, "xor many, const"),
    (SMALL, "lsh many, const"),
    (SMALL, "rsh many, many"),
    (SMALL, "arsh many, const"),
    (SMALL, "zext_half"),
    (SMALL, "sext_half"),
    (SMALL, "mul of halves"),
    (SMALL, "refine ult 1/1 True: many, many"),
    (SMALL, "refine slt 1/2 True: many, const"),
    (SMALL, "refine ne 1/1 True: many, const"),
    (SMALL, "refine test 1/1 False: many, many"),
    (SMALL, "truth sle 1/1: many, many"),
    (SMALL, "meet many, const"),
    (SMALL, "leq many, many"),
    (SMALL, "thresholds"),
    (TOTAL, "rsh many, many"),
    (WIDE, "mul_bits, 1 ones"),
    (WIDE, "and of halves"),
    (WIDE, "truth ult 1/1: many, many"),
    (WIDE, "thresholds"),
}
RUNS: list[tuple[Variant | None, Claim]] = [(variant, claim) for claim in ALL for variant in claim.variants or (None,)]


def _id(run_: tuple[Variant | None, Claim]) -> str:
    return f"{run_[1].name} ({run_[0] or 'all integers'})"


@pytest.mark.parametrize(
    ("variant", "claim"),
    [r for r in RUNS if r[0] is None or (r[0], r[1].name) in QUICK],
    ids=map(_id, [r for r in RUNS if r[0] is None or (r[0], r[1].name) in QUICK]),
)
def test_slice(variant: Variant | None, claim: Claim) -> None:
    run(claim, variant)


@pytest.mark.soak
@pytest.mark.parametrize(("variant", "claim"), RUNS, ids=map(_id, RUNS))
def test_all(variant: Variant | None, claim: Claim) -> None:
    run(claim, variant)


def test_the_slice_names_claims_that_exist() -> None:
    assert {name for _, name in QUICK} <= {claim.name for claim in ALL}
    assert POWERS.bits == 8


def test_every_operation_and_comparison_has_claims() -> None:
    for kind in ALU:
        assert sum(claim.name.startswith(f"{kind} ") for claim in ALL) >= 4
    for comparison in COMPARE:
        assert sum(claim.name.startswith((f"refine {comparison} ", f"truth {comparison} ")) for claim in ALL) == 18


class TestExplorerRefuses:
    """What is not so is refuted, on every path."""

    def test_a_wrong_claim(self) -> None:
        def body() -> None:
            x = symbol("x", 0, 255)
            Explorer.current.prove((x & 15) <= 14, "a mask takes something away")

        with pytest.raises(RefutedError, match="takes something away: x="):
            Explorer().run(body)

    def test_a_wrong_claim_on_one_path(self) -> None:
        def body() -> None:
            x = symbol("x", -100, 100)
            y = x + 1 if x > 41 else x  # a fork: this file is not rewritten
            Explorer.current.prove(Truth(y.term != 43), "not 43")

        with pytest.raises(RefutedError, match="x=42"):
            Explorer().run(body)

    def test_a_shift_by_a_negative_number(self) -> None:
        with pytest.raises(RefutedError, match="negative"):
            Explorer().run(lambda: print(1 << symbol("x", -1, 5)))

    def test_a_division_by_zero(self) -> None:
        with pytest.raises(RefutedError, match="division"):
            Explorer().run(lambda: print(100 // symbol("x", 0, 5)))

    def test_nothing_overflows(self) -> None:
        def body() -> None:
            x, y = symbol("x", -(1 << 63), (1 << 64) - 1), symbol("y", -(1 << 63), (1 << 64) - 1)
            Explorer.current.prove((x + y) + (x + y) - x - y - x == y, "sums")
            Explorer.current.prove((x << 64) >> 64 == x, "shifts")

        explorer = Explorer()
        explorer.run(body)
        assert explorer.paths == 1
