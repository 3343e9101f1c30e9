"""Back ends are interchangeable: what is accepted does the same on all of them, proven and checked, and random code traps alike."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from bpfcc.backends.llvm import Llvm
from bpfcc.verifier.judge import judge
from tests.differential import Rivals
from tests.property.test_interp_programs import compare
from tests.soundness.corpus import compiled, everything, generated, twins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.soundness.corpus import Base


def agree(bases: Iterable[Base], inputs: int, seed: int) -> int:
    """How many runs were compared."""
    runs = 0
    for number, base in enumerate(bases):
        longest = judge(base.program.ir, base.request).stats.max_path_insns
        with Rivals(base.program, base.program.ir, longest) as rivals:
            found = rivals.differences(random.Random(seed + number), inputs)
            assert not found, f"{base.name}: {found[0]}"
            runs += rivals.runs
    return runs


def test_accepted_programs_do_the_same() -> None:
    assert agree([*twins(assembled=True)[::12], *compiled(), *generated(range(12))], 6, seed=1) > 500


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_many_accepted_programs_do_the_same(part: int) -> None:
    bases = [*everything(range(0))[part::20], *generated(range(1000 + 100 * part, 1100 + 100 * part))]
    assert agree(bases, 40, seed=1000 * part) > 1000


@pytest.mark.parametrize("optimised", [False, True], ids=["lifted", "optimised"])
def test_random_programs(optimised: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.property.test_interp_programs.Interpreter", Llvm)
    for seed in range(52_000, 52_060):
        compare(seed, optimised=optimised)


@pytest.mark.soak
@pytest.mark.parametrize("optimised", [False, True], ids=["lifted", "optimised"])
def test_random_programs_at_length(optimised: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.property.test_interp_programs.Interpreter", Llvm)
    for seed in range(90_000, 93_000):
        compare(seed, optimised=optimised)
