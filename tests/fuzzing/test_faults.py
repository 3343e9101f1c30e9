"""The fuzzer finds what is wrong: with a mistake put into one back end it says so soon, and shows it in a few instructions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.isa_table import FORM
from tests.conftest import split_golden
from tests.fuzzing.campaign import Plan, run
from tests.fuzzing.code import parse
from tests.fuzzing.finding import case_from_json, modules_of, replay

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = 4000
HANDFUL = 14


def found_in(back_end: str, folder: Path, programs: int) -> Path:
    """The .bir file of the first finding."""
    for seed in range(SEEDS, SEEDS + programs, 5):
        totals = run(Plan(programs=5, inputs=6, seed=seed, back_ends=("interp", back_end), out=folder, seconds=30))
        if totals.findings:
            return min(folder.glob("*.bir"))
    pytest.fail(f"nothing found in {programs} programs")


def check(path: Path, insn: str) -> None:
    """The finding is small, shows the instruction, and can be replayed: with the mistake it differs, without it does not."""
    text = path.read_text(encoding="utf-8")
    command, args, source, expected = split_golden(text)
    assert (command, args) == ("replay", [path.with_suffix(".json").name])
    case = case_from_json(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
    opcodes = [line.insn.opcode for part in case.programs for line in parse(part.code)]
    assert any(FORM[name].opcode in opcodes for name in (f"{insn}_imm", f"{insn}_reg"))
    assert len(opcodes) <= HANDFUL, source
    assert sum(1 for module in modules_of(text) for fn in module.functions for _ in fn.ops()) <= HANDFUL
    assert replay(source, path.with_suffix(".json")) != expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bpfcc.backends.llvm.operations.DIVISIONS", RIGHT)
        assert replay(source, path.with_suffix(".json")) == expected


def right() -> dict[str, str]:
    from bpfcc.backends.llvm.operations import DIVISIONS

    return dict(DIVISIONS)


RIGHT = right()


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code with a mistake in it must not be found again: what is kept is kept by the files that made it, and those are right."""
    monkeypatch.setattr("bpfcc.execution.CodeCache.default", lambda: None)


def test_a_wrong_division_is_found_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.backends.llvm.operations.DIVISIONS", RIGHT | {"sdiv": "udiv"})
    path = found_in("llvm", tmp_path, 60)
    assert "; llvm" in path.read_text(encoding="utf-8")
    check(path, "sdiv64" if "sdiv.64" in path.read_text(encoding="utf-8") else "sdiv32")
