"""Each deliberately wrong function is refuted by the proofs and found by the properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bpfcc.bpfir.semantics import AluKind, CompareKind
from tests.property import domain_values as values
from tests.proofs.loader import load
from tests.proofs.mutants import MUTANTS, Mutant

pytest.importorskip("z3", reason="the proofs need z3")

SLICE = (
    "add without carries",
    "and made with or",
    "signed comparison refined as unsigned",
    "off by one in refinement",
    "unsound known bits of a product",
)
CASES = [pytest.param(m, id=m.name, marks=() if m.name in SLICE else pytest.mark.soak) for m in MUTANTS]


@pytest.mark.parametrize("mutant", CASES)
def test_proof_fails(mutant: Mutant) -> None:
    from tests.proofs.register import SMALL, claims, run
    from tests.proofs.symbolic import RefutedError

    (claim,) = [claim for claim in claims() if claim.name == mutant.claim]
    with pytest.raises(RefutedError):
        run(claim, SMALL, change={mutant.module: [(mutant.old, mutant.new)]})


def _property(scalar: Any, check: str) -> Callable[[Any], None]:
    """The property's body, for any copy of the domain."""
    what, _, kind = check.partition(" ")

    def body(data: Any) -> None:
        left, right = data.draw(values.members(scalar)), data.draw(values.members(scalar))
        width = data.draw(values.WIDTHS)
        if what == "alu":
            values.check_alu(scalar, cast("AluKind", kind), width, left, right)
            number = data.draw(st.sampled_from([1, 2, 3, 5, 8, 12, 33, 63, 64, 255, (1 << 64) - 1]))
            values.check_alu(scalar, cast("AluKind", kind), width, left, (scalar.const(number), number))
        elif what == "comparison":
            values.check_comparison(scalar, cast("CompareKind", kind), width, left, right)
            values.check_comparison(scalar, cast("CompareKind", kind), width, left, (scalar.const(right[1]), right[1]))
        elif what == "cast":
            values.check_cast(scalar, data.draw(st.sampled_from([8, 16, 32])), width, left)
        elif what == "bounds":
            values.check_bounds(scalar, left, right)
        else:
            values.check_widening(scalar, left, right, sorted(set(data.draw(st.lists(values.WORDS, max_size=4)))))

    return body


def _run(body: Callable[[Any], None], examples: int) -> None:
    quick = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        # Whether it fails is what counts, not on how small an example.
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    given(data=st.data())(quick(lambda data: body(data)))()


@pytest.mark.parametrize("mutant", CASES)
def test_property_fails(mutant: Mutant) -> None:
    wrong = load(64, 32, 8, change={mutant.module: [(mutant.old, mutant.new)]})
    with pytest.raises(AssertionError):
        _run(_property(wrong.scalar, mutant.check), 5000)


@pytest.mark.parametrize("check", sorted({mutant.check for mutant in MUTANTS if mutant.name in SLICE}))
def test_property_holds_without_the_change(check: str) -> None:
    _run(_property(load(64, 32, 8).scalar, check), 50)


def test_a_change_that_changes_nothing_is_refused() -> None:
    with pytest.raises(AssertionError, match="has no"):
        load(64, 32, 8, change={"arith": [("no such text", "")]})
