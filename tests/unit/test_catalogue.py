"""The catalogue: complete, its examples compile and are judged as it says, and the page that is made of it is up to date."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import pytest

import bpfcc
from bpfcc.bpfir.assembler import assemble
from bpfcc.frontend.clang import compile_c
from bpfcc.judgement import Rules, engine_present, explain_verdict, judge_program
from bpfcc.program import Program
from bpfcc.verifier.catalogue import ENTRIES, Entry, collect
from bpfcc.verifier.codes import CODES, LINT_CLASSES
from tests import libbpf
from tests.kernel import needs_kernel
from tests.twin_kernel import load_twin

if TYPE_CHECKING:
    from bpfcc.verifier.verdict import Verdict

ROOT = Path(__file__).parents[2]
Which = Literal["example", "fixed"]
EXAMPLES = [pytest.param(code, which, id=f"{code}-{which}") for code in ENTRIES for which in ("example", "fixed")]
# Lints that root may ignore; budgets that are bpfcc's own; an instruction that Linux knows and bpfcc does not.
LINUX_ACCEPTS = {code for code, kind in CODES.items() if kind.finding_class in LINT_CLASSES - {"no-license"}} | {"V071", "V072", "V075"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tmp_path_factory.mktemp("catalogue"))


@cache
def compiled(folder: Path, code: str, which: Which) -> bytes:
    """The object of an example; clang has nothing to say about it."""
    source = folder / f"{code}_{which}.bpf.c"
    source.write_text(getattr(ENTRIES[code], which), encoding="utf-8")
    result = compile_c(source)
    assert result.diagnostics == ()
    return result.object


def program(folder: Path, code: str, which: Which) -> Program:
    """The one program of an example."""
    entry = ENTRIES[code]
    if entry.language == "asm":
        return Program.from_bytes(assemble(getattr(entry, which)), type=entry.type)
    target = None
    if entry.kernel is not None:
        target = folder / f"{code}_kernel.o"
        source = target.with_suffix(".c")
        source.write_text(entry.kernel, encoding="utf-8")
        target.write_bytes(compile_c(source).object)
    (found,) = bpfcc.load(compiled(folder, code, which), target_btf=target, name=f"{code}.o").programs.values()
    return found


class TestRegistry:
    def test_every_code_has_an_entry(self) -> None:
        assert list(ENTRIES) == list(CODES)

    def test_what_is_missing_is_named(self) -> None:
        areas = [{code: entry for code, entry in ENTRIES.items() if code != "V011"}]
        with pytest.raises(ValueError, match="no entry for V011"):
            collect(areas, CODES)

    def test_what_is_no_code_is_named(self) -> None:
        with pytest.raises(ValueError, match="V999"):
            collect([ENTRIES, {"V999": ENTRIES["V011"]}], CODES)

    def test_two_entries_are_refused(self) -> None:
        with pytest.raises(ValueError, match="two entries for V011"):
            collect([ENTRIES, {"V011": ENTRIES["V012"]}], CODES)


@pytest.mark.parametrize("code", ENTRIES)
def test_prose(code: str) -> None:
    entry: Entry = ENTRIES[code]
    for text in (entry.why, entry.remedy, *entry.notes):
        assert text == " ".join(text.split())
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith((".", "?"))
        assert len(text) > 30
    assert entry.example != entry.fixed
    assert entry.example.endswith("\n")
    assert entry.fixed.endswith("\n")


@pytest.mark.parametrize(("code", "which"), EXAMPLES)
def test_examples_can_be_read(folder: Path, code: str, which: Which) -> None:
    found = program(folder, code, which)
    assert found.type is not None
    assert found.bytecode.code


def judged(folder: Path, code: str, which: Which) -> Verdict:
    """The verdict under the entry's own rules."""
    found = program(folder, code, which)
    verdict = judge_program(found, Rules("linux", ENTRIES[code].options))
    return explain_verdict(verdict, found, found.ir) if verdict.digest else verdict


@pytest.mark.skipif(not engine_present(), reason="this checkout has no verifier yet")
@pytest.mark.parametrize("code", ENTRIES)
def test_the_example_gets_its_code(folder: Path, code: str) -> None:
    verdict = judged(folder, code, "example")
    assert {finding.code for finding in verdict.findings} == {code}
    lint = CODES[code].finding_class in LINT_CLASSES
    assert {finding.level for finding in verdict.findings} == {"warning" if lint else "error"}
    assert verdict.accepted == lint


@pytest.mark.skipif(not engine_present(), reason="this checkout has no verifier yet")
@pytest.mark.parametrize("code", ENTRIES)
def test_the_remedy_helps(folder: Path, code: str) -> None:
    verdict = judged(folder, code, "fixed")
    assert [(finding.code, finding.message) for finding in verdict.findings] == []
    assert verdict.accepted


@dataclass
class Loadable:
    """An example as the loader of twins takes it."""

    name: str
    is_c: bool
    data: bytes
    made: Program
    header: dict[str, str]
    license: str = "GPL"
    maps: list[object] = field(default_factory=list)

    def object_bytes(self, _variant: object) -> bytes:
        return self.data

    def program(self, _variant: object) -> Program:
        return self.made


@needs_kernel
@pytest.mark.skipif(libbpf.library() is None, reason="no libbpf.so.1 to load objects with")
@pytest.mark.parametrize("code", [code for code, entry in ENTRIES.items() if entry.kernel is None])
def test_linux_agrees(folder: Path, code: str) -> None:
    refusals = {}
    for which in ("example", "fixed"):
        is_c = ENTRIES[code].language == "c"
        data = compiled(folder, code, which) if is_c else b""
        case = Loadable(code, is_c, data, program(folder, code, which), {"type": ENTRIES[code].type})
        refusals[which] = load_twin(case, which)  # type: ignore[arg-type]
    assert refusals["fixed"] is None
    assert (refusals["example"] is None) == (code in LINUX_ACCEPTS)


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestPage:
    def test_it_is_up_to_date(self) -> None:
        assert generator().findings_page() == (ROOT / "docs/findings.md").read_text(encoding="utf-8"), "run `python docs/generate.py`"

    def test_it_has_every_code_with_its_program(self) -> None:
        page = generator().findings_page()
        for code, kind in CODES.items():
            assert f"\n## {code}\n" in page
            assert f"| [{code}](#{code.lower()}) | {kind.finding_class} |" in page
            assert ENTRIES[code].example in page

    def test_an_outdated_page_is_noticed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        made = generator()
        page = tmp_path / "findings.md"
        page.write_text(made.findings_page().replace("V011", "V911"), encoding="utf-8")
        monkeypatch.setattr(made, "FINDINGS", page)
        monkeypatch.setattr("sys.argv", ["generate.py", "--check"])
        assert made.main() == 1
        assert "findings.md is out of date" in capsys.readouterr().err
        monkeypatch.setattr("sys.argv", ["generate.py"])
        assert made.main() == 0
        monkeypatch.setattr("sys.argv", ["generate.py", "--check"])
        assert made.main() == 0
