"""Faults put into the engine on purpose: for each there is a twin that shows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.verifier.judge import judge
from tests.soundness.faults import FAULTS, applied, modules, swap
from tests.twin_cases import SAFE, TWINS, UNSAFE, load_case

if TYPE_CHECKING:
    from tests.twin_cases import Twin

HERE: Final = Path(__file__).parent
LEAST: Final = 20


def case_of(name: str) -> Twin:
    """A twin, or a witness."""
    place = HERE if name.startswith("witnesses/") else TWINS
    return load_case(next(path for path in (place / f"{name}.s", place / f"{name}.c") if path.exists()))


def gets_by(case: Twin) -> bool:
    """Whether the unsafe one is not found out."""
    found = judge(case.program(UNSAFE).ir, case.request(UNSAFE))
    codes = {finding.code for finding in found.findings if finding.level == case.level}
    return case.code not in codes and (found.status == "accepted" or case.level == "warning")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_shown(name: str) -> None:
    cases = [case_of(shown) for shown in FAULTS[name].shown_by]
    modules()
    assert not any(gets_by(case) for case in cases), "without the fault it is found out"
    with applied(name):
        assert any(gets_by(case) for case in cases)


def test_there_are_enough() -> None:
    assert len(FAULTS) >= LEAST


@pytest.mark.parametrize("path", sorted((HERE / "witnesses").glob("*.s")), ids=lambda path: path.stem)
def test_witnesses_are_twins(path: Path) -> None:
    case = load_case(path)
    assert judge(case.program(SAFE).ir, case.request(SAFE)).findings == ()
    assert not gets_by(case)


def test_a_fault_that_changes_nothing_is_noticed() -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(AttributeError):
        swap("solver.no_such_function", None)(patch)
    with applied("read_only_ignored"):
        pass
    assert not gets_by(case_of("read_only/04_counted_atomically")), "the engine is whole again"
