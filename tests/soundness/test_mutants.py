"""What is accepted of programs with a check weakened, an offset shifted, a test dropped runs without a trap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bpfcc.smt import local_solver
from tests.soundness.corpus import everything, generated, twins
from tests.soundness.faults import applied
from tests.soundness.hunt import hunt

if TYPE_CHECKING:
    from tests.soundness.hunt import Tally

SLICE = 150
SOAK = 6_000


def sound(tally: Tally) -> None:
    print(tally)
    assert tally.failures == []


def test_accepted_mutants_run_without_a_trap() -> None:
    tally = hunt([*twins(assembled=True)[::2], *generated(range(40))], wanted=SLICE, seed=1, attacked=0.02)
    sound(tally)
    assert tally.accepted == SLICE
    assert tally.rejected > SLICE // 3, "mutations that change nothing of importance say nothing"


@pytest.mark.soak
@pytest.mark.parametrize("part", range(6))
def test_many_accepted_mutants_run_without_a_trap(part: int) -> None:
    bases = everything(range(150 * part, 150 * part + 150))
    solver = local_solver() if part % 2 else None
    tally = hunt(bases, wanted=SOAK // 6, seed=1_000_000 * (part + 1), smt=solver, attacked=0.05)
    sound(tally)
    assert tally.accepted == SOAK // 6


QUICK = ("nothing_is_null", "one_byte_more")
FAULTS_HUNTED = ("value_of_a_map_is_longer", "order_is_strict", "add_ignores_its_operand", "signed_order_is_unsigned")


@pytest.mark.parametrize("fault", [*QUICK, *(pytest.param(name, marks=pytest.mark.soak) for name in FAULTS_HUNTED)])
def test_a_fault_of_the_engine_is_hunted_down(fault: str) -> None:
    """With each of these a mutant is accepted that traps."""
    bases = [*twins(assembled=True)[::2], *generated(range(40))]
    with applied(fault):
        assert hunt(bases, wanted=2_000, seed=1, failures=1).failures
