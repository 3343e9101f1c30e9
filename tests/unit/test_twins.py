"""Pairs of a safe program and its minimally unsafe twin: the verifier tells them apart, with the right code, and so does Linux."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bpfcc.counterexamples import search
from bpfcc.explain import fold
from bpfcc.judgement import ask, load_engine
from bpfcc.smt import local_solver
from tests import libbpf
from tests.kernel import needs_kernel
from tests.twin_cases import PAIRS_OF_A_PROPERTY, SAFE, UNSAFE, Twin, TwinError, cases, load_case
from tests.twin_kernel import load_twin

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

    from bpfcc.verifier.verdict import Finding
    from tests.twin_cases import Variant

SHOWN = 0.9
SEARCH_RUNS = 300
SLICE = 3

twins = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def compared() -> list[ParameterSet]:
    """Pairs that Linux is asked about; loading takes a while, so that most are left to long runs."""
    loadable = [case for case in cases() if case.kernel != "none"]
    return [pytest.param(case, id=case.name, marks=[pytest.mark.soak] if at % SLICE else []) for at, case in enumerate(loadable)]


def judged(case: Twin, variant: Variant) -> tuple[str, tuple[Finding, ...]]:
    """The status, and one finding of each root cause."""
    module = case.program(variant).ir
    found = ask(load_engine(), module, case.request(variant), local_solver())
    return found.status, fold(found.findings, module)


@twins
def test_the_twins_are_two_programs(case: Twin) -> None:
    def what_is_judged(variant: Variant) -> tuple[object, ...]:
        program, request = case.program(variant), case.request(variant)
        linkage = tuple(function.linkage for function in program.bytecode.functions)
        return program.bytecode.code, linkage, program.maps, request.attach_type, request.sleepable, request.license

    assert what_is_judged(SAFE) != what_is_judged(UNSAFE)


@twins
def test_the_safe_one_is_accepted(case: Twin) -> None:
    status, findings = judged(case, SAFE)
    assert status == "accepted", findings
    assert case.code not in {finding.code for finding in findings}


@twins
def test_the_unsafe_one_is_found_out(case: Twin) -> None:
    status, findings = judged(case, UNSAFE)
    assert {finding.code for finding in findings if finding.level == case.level} == {case.code}, findings
    assert status == ("rejected" if case.level == "error" else "accepted"), findings


def test_most_unsafe_accesses_are_shown() -> None:
    """An input with which the checked interpreter traps at the finding; the search finds it and replays it."""
    shown = {case.name: any(shows(case, finding) for finding in judged(case, UNSAFE)[1]) for case in cases() if case.is_access}
    assert sum(shown.values()) >= SHOWN * len(shown), [name for name, found in shown.items() if not found]


def shows(case: Twin, finding: Finding) -> bool:
    program = case.program(UNSAFE)
    return finding.code == case.code and search(program, program.ir, finding, budget_runs=SEARCH_RUNS) is not None


@needs_kernel
@pytest.mark.skipif(libbpf.library() is None, reason="loading the C twins needs root and libbpf.so.1")
@pytest.mark.parametrize("case", compared())
def test_linux_tells_them_apart_too(case: Twin) -> None:
    said = load_twin(case, SAFE)
    assert (said is not None) == (case.kernel == "rejects-safe"), said
    if case.kernel != "safe":
        said = load_twin(case, UNSAFE)
        assert (said is None) == (case.kernel == "accepts-unsafe"), said


def test_every_property_has_its_pairs() -> None:
    counted = Counter(case.path.parent.name for case in cases())
    assert {name: number for name, number in counted.items() if number < PAIRS_OF_A_PROPERTY} == {}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("01_a.c", "// type: xdp\n// code: V011\nint UNSAFE;", "missing keys: kernel"),
        ("01_a.c", "// type: xdp\n// code: V999\n// kernel: both\nint UNSAFE;", "no code 'V999'"),
        ("01_a.c", "// type: xdp\n// code: V011\n// kernel: maybe\nint UNSAFE;", "kernel is one of"),
        ("01_a.c", "// type: xdp\n// code: V011\n// kernel: none\nint UNSAFE;", "`why:` goes with"),
        ("01_a.c", "// type: xdp\n// code: V011\n// kernel: both\n// wy: x\nint UNSAFE;", "unknown keys: wy"),
        ("01_a.c", "// type: xdp\n// type: xdp\n// code: V011\n// kernel: both\nint UNSAFE;", "keys given twice: type"),
        ("01_a.c", "// type: xdp\n// code: V011\n// kernel: both\n// level: note\nint UNSAFE;", "level is"),
        ("01_a.c", "// type: xdp\n// code: V011\n// kernel: both\nint x;", "nothing depends on UNSAFE"),
        ("01_a.s", "; type: xdp\n; code: V011\n; kernel: both\n; safe\nexit\n", "one line `; safe`"),
        ("01_a.s", "; type: xdp\n; code: V011\n; kernel: both\n; map: m array 4\n; safe\n; unsafe\n", "a map is"),
    ],
)
def test_a_file_out_of_format_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(TwinError, match=said):
        load_case(path)


@needs_kernel
def test_linux_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "01_asked.s"
    path.write_text("; type: xdp\n; code: V001\n; kernel: both\n; safe\nr0 = 2\nexit\n; unsafe\nr0 = r9\nexit\n")
    case = load_case(path)
    assert load_twin(case, SAFE) is None
    assert "R9 !read_ok" in (load_twin(case, UNSAFE) or "")
