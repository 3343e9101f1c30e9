"""Judging ends, with a verdict or a clean error, whatever it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bpfcc.smt import local_solver
from bpfcc.verifier import solver
from tests.soundness.noise import mutated_objects, random_programs, survey

if TYPE_CHECKING:
    from tests.soundness.noise import Survey

SLICE = 100
OBJECTS = 200
SOAK = 10_000
# In the short run, of so many C twins one is broken.
SHARE = 60
WITH_SOLVER = 40


def sound(found: Survey) -> None:
    print(found)
    assert found.broken == []


def test_random_control_flow() -> None:
    found = survey(random_programs(range(SLICE)))
    sound(found)
    assert found.statuses["accepted"] and found.statuses["rejected"]


def test_random_control_flow_with_a_solver() -> None:
    sound(survey(random_programs(range(WITH_SOLVER)), smt=local_solver()))


def test_mutated_objects() -> None:
    found = survey(mutated_objects(range(OBJECTS), SHARE))
    sound(found)
    assert found.judged > OBJECTS // 4
    assert found.statuses["InputError"]


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, SOAK, 1000))
def test_much_random_control_flow(start: int) -> None:
    sound(survey(random_programs(range(start, start + 1000))))


@pytest.mark.soak
def test_much_random_control_flow_with_a_solver() -> None:
    sound(survey(random_programs(range(SOAK, SOAK + 1000)), smt=local_solver()))


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, SOAK, 1000))
def test_many_mutated_objects(start: int) -> None:
    sound(survey(mutated_objects(range(start, start + 1000), 3)))


def test_what_is_no_clean_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a block")

    monkeypatch.setattr(solver, "transfer", broken)
    assert any("KeyError" in each for each in survey(random_programs(range(3))).broken)


def test_what_takes_too_long_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.soundness.noise.SECONDS_EACH", 0.0)
    assert len(survey(random_programs(range(3))).broken) == 3
