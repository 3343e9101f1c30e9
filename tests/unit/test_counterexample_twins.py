"""Counterexamples for the twins: found for most of the unsafe ones whose fault is an access, for none of the safe ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.bpfir.ops import Atomic, AtomicFetch, Call, CompareExchange, Load, Store
from bpfcc.counterexamples import replay, search
from bpfcc.verifier.judge import judge
from bpfcc.verifier.verdict import Finding
from tests.twin_cases import SAFE, UNSAFE, Twin, cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.verifier.verdict import Counterexample

WANTED: Final = 0.7
ACCESSES: Final = (Load, Store, Atomic, AtomicFetch, CompareExchange, Call)


def found_for(case: Twin) -> Counterexample | None:
    """The counterexample of the first finding that has one."""
    program = case.program(UNSAFE)
    for finding in judge(program.ir, case.request(UNSAFE)).findings:
        found = search(program, program.ir, finding) if finding.code == case.code else None
        if found is not None:
            trap = replay(program, found)
            assert trap is not None
            assert (trap.function, trap.insn) == (finding.function, finding.insn)
            return found
    return None


def ratio(chosen: Sequence[Twin]) -> tuple[float, list[str]]:
    """Found of all, and those without."""
    missed = [case.name for case in chosen if found_for(case) is None]
    return 1 - len(missed) / len(chosen), missed


def accesses() -> list[Twin]:
    return [case for case in cases() if case.is_access]


def test_most_of_a_slice_are_found() -> None:
    found, missed = ratio(accesses()[::8])
    assert found >= WANTED, missed


@pytest.mark.soak
def test_most_are_found() -> None:
    found, missed = ratio(accesses())
    assert found >= WANTED, missed


def check_safe(case: Twin) -> None:
    """No access of the safe twin traps on anything."""
    program = case.program(SAFE)
    for fn in program.ir.functions:
        for op in fn.ops():
            if isinstance(op, ACCESSES) and op.insn >= 0:
                assert search(program, program.ir, Finding(case.code, "error", "", fn.name, op.insn)) is None, (case.name, op.insn)


@pytest.mark.parametrize("case", accesses()[::16], ids=lambda case: case.name)
def test_none_is_found_for_a_safe_one(case: Twin) -> None:
    check_safe(case)


@pytest.mark.soak
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_none_is_found_for_any_safe_one(case: Twin) -> None:
    check_safe(case)
