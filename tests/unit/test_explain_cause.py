"""The compiler is blamed only where the same source is accepted when it is compiled in another way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bpfcc.errors import CompileError, InternalError, UnsupportedError
from bpfcc.explain import decide_compiler_cause
from bpfcc.explain.cause import COMPILED_AWAY, variants
from bpfcc.frontend.clang import compile_c
from bpfcc.verifier.codes import CODES
from bpfcc.verifier.verdict import Counterexample, Finding

FINDING = Finding("V011", "error", "m", "filter", 3)
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int filter(struct xdp_md *ctx)
{
    int sum = 0;
    for (int i = 0; i < 4; i++)
        sum += bpf_get_prandom_u32();
    return sum;
}
"""


class Compiler:
    """Stands for clang: the object says how it was made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[dict[str, Any]] = []
        self.broken: set[str] = set()
        monkeypatch.setattr("bpfcc.frontend.clang.compile_c", self)

    def __call__(self, _source: Path, **options: Any) -> Any:
        self.calls.append(options)
        if options["mcpu"] in self.broken:
            raise CompileError("it does not compile", ())
        made = f"{options['opt']} {options['mcpu']}".encode()
        return type("Result", (), {"object": made})()


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Compiler:
    return Compiler(monkeypatch)


OPTIONS = {"opt": "2", "mcpu": "v3", "defines": ("A",)}


def test_one_thing_is_changed_at_a_time() -> None:
    found = list(variants({"opt": "-O3", "mcpu": "v2", "defines": ("A",)}))
    assert [said for said, _ in found] == ["-O1", "-Os", "--mcpu v4", "--mcpu v3"]
    assert all(options["defines"] == ("A",) for _, options in found)
    assert all((options["opt"] == "-O3") != (options["mcpu"] == "v2") for _, options in found)


def test_accepted_elsewhere_is_the_compiler(compiler: Compiler) -> None:
    found = decide_compiler_cause(Path("a.c"), replace(FINDING, suggestion="check it"), lambda data: data == b"Os v3", OPTIONS)
    assert found.cause == "compiler"
    assert found.suggestion is not None
    assert found.suggestion.startswith("check it; the same source is accepted when compiled with -Os")
    assert [call["opt"] for call in compiler.calls] == ["O1", "O3", "Os"]
    assert all(call["defines"] == ("A",) for call in compiler.calls)


def test_accepted_nowhere_stays_as_it_was(compiler: Compiler) -> None:
    assert decide_compiler_cause(Path("a.c"), FINDING, lambda _data: False, OPTIONS) is FINDING
    assert len(compiler.calls) == 5


def test_the_budget_is_kept(compiler: Compiler) -> None:
    assert decide_compiler_cause(Path("a.c"), FINDING, lambda data: data == b"Os v3", OPTIONS, max_compiles=2) is FINDING
    assert len(compiler.calls) == 2


def test_what_does_not_compile_or_load_says_nothing(compiler: Compiler) -> None:
    compiler.broken = {"v2"}

    def verify(data: bytes) -> bool:
        if data == b"O1 v3":
            raise UnsupportedError("something")
        return data == b"2 v4"

    found = decide_compiler_cause(Path("a.c"), FINDING, verify, OPTIONS)
    assert found.cause == "compiler"
    assert "--mcpu v4" in (found.suggestion or "")


def test_a_bug_is_not_hidden(compiler: Compiler) -> None:
    def verify(_data: bytes) -> bool:
        raise InternalError("broken")

    with pytest.raises(InternalError):
        decide_compiler_cause(Path("a.c"), FINDING, verify, OPTIONS)
    assert len(compiler.calls) == 1


@pytest.mark.parametrize(
    "finding",
    [
        replace(FINDING, counterexample=Counterexample(packet=b"")),
        replace(FINDING, level="warning"),
        replace(FINDING, cause="environment"),
        replace(FINDING, code="V030"),
    ],
)
def test_no_experiment_where_it_could_not_tell(compiler: Compiler, finding: Finding) -> None:
    assert decide_compiler_cause(Path("a.c"), finding, lambda _data: True, OPTIONS) is finding
    assert compiler.calls == []


def test_the_codes_exist() -> None:
    assert set(CODES) >= COMPILED_AWAY


def test_with_the_real_compiler(tmp_path: Path) -> None:
    source = tmp_path / "a.bpf.c"
    source.write_text(SOURCE)
    given = {"opt": "O2", "mcpu": "v3"}
    objects = {compile_c(source, opt="O2").object}
    found = decide_compiler_cause(source, replace(FINDING, code="V060"), lambda data: data not in objects, given, max_compiles=3)
    assert found.cause == "compiler"
