"""Words that programs compute lie in what the verifier says of them, at every operation of the judged form."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.soundness.corpus import Base, compiled, everything, generated, twins
from tests.soundness.faults import applied
from tests.soundness.watching import Report, watch
from tests.twin_cases import UNSAFE, load_case

WITNESSES: Final = Path(__file__).parent / "witnesses"
RUNS = 5
SOAK_RUNS = 40


def holds(report: Report) -> None:
    print(report)
    assert report.wrong == []
    assert report.traps == []


def test_safe_twins() -> None:
    report = watch(twins(assembled=True), runs=RUNS)
    holds(report)
    assert report.programs > 80
    assert report.seen.orders and report.seen.written


def test_generated_programs() -> None:
    report = watch(generated(range(5000, 5070)), runs=RUNS)
    holds(report)
    assert report.seen.values > 5_000


def test_the_example_and_the_benchmark() -> None:
    report = watch(compiled(), runs=RUNS)
    holds(report)
    assert report.programs >= 9


@pytest.mark.soak
@pytest.mark.parametrize("part", range(8))
def test_everything_for_long(part: int) -> None:
    holds(watch(everything(range(10_000 + 300 * part, 10_300 + 300 * part))[part::8] if part else everything(()), runs=SOAK_RUNS))
    holds(watch(generated(range(20_000 + 500 * part, 20_500 + 500 * part)), runs=SOAK_RUNS // 4))


@pytest.mark.parametrize("fault", ["add_ignores_its_operand", "cast_does_not_truncate", "undecided_is_decided", "one_way_of_a_join"])
def test_a_fault_of_the_engine_is_seen(fault: str) -> None:
    """Each of these makes a fact or an edge that is not so."""
    with applied(fault):
        assert watch(generated(range(5000, 5200)), runs=RUNS, stop=True).wrong


@pytest.mark.parametrize(
    ("fault", "name", "said"),
    [
        ("frame_is_written_already", "03_frame_of_another_call", "not written"),
        ("old_names_are_kept", "06_old_name", "at least 1"),
        ("every_loop_ends", "06_old_name", "were said"),
        ("helpers_write_nothing", "07_helper_wrote", "was said to be 5"),
    ],
)
def test_what_a_witness_shows_is_seen(fault: str, name: str, said: str) -> None:
    """Written bytes, order, rounds of loops, what helpers leave behind."""
    case = load_case(WITNESSES / f"{name}.s")
    base = Base(name, case.program(UNSAFE), case.request(UNSAFE))
    assert watch([base], runs=20).wrong == []
    with applied(fault):
        found = watch([base], runs=20).wrong
    assert found and said in found[0][1], found
