"""`bpfcc explain`: a code in full, the list, JSON, and what comes near a code that does not exist."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from bpfcc.cli.app import run
from bpfcc.cli.explain import levels, levels_text
from bpfcc.verifier.catalogue import ENTRIES
from bpfcc.verifier.codes import CODES

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.parametrize("given", ["V011", "v011"])
def test_one_code(given: str, capsys: Capture) -> None:
    assert run(["explain", given]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("V011: access outside of the packet\nclass bounds, by default error\n")
    words = " ".join(shown.split())
    for text in (ENTRIES["V011"].why, ENTRIES["V011"].remedy, *ENTRIES["V011"].notes):
        assert text in words
    for program in (ENTRIES["V011"].example, ENTRIES["V011"].fixed):
        assert "".join(f"    {line}".rstrip() + "\n" for line in program.splitlines()) in shown


@pytest.mark.parametrize("code", CODES)
def test_every_code_can_be_explained(code: str, capsys: Capture) -> None:
    assert run(["explain", code]) == 0
    shown = capsys.readouterr().out
    assert CODES[code].title in shown
    assert all(len(line) <= 120 for line in shown.splitlines())


def test_several_codes_each_once(capsys: Capture) -> None:
    assert run(["explain", "V020", "v011", "V020"]) == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("V0") and ":" in line]
    assert [head[:4] for head in heads] == ["V020", "V011"]


def test_the_list(capsys: Capture) -> None:
    assert run(["explain"]) == 0
    shown = capsys.readouterr().out
    for code, kind in CODES.items():
        line = next(line for line in shown.splitlines() if code in line)
        assert kind.finding_class in line
        assert kind.title in line
    assert "warning (error on windows)" in next(line for line in shown.splitlines() if "V024" in line)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("V11", "did you mean V011"),
        ("bounds", "did you mean V010 or V011"),
        ("nothing-like-it", "`bpfcc explain` lists them"),
        ("", "lists them"),
    ],
)
def test_unknown_codes(given: str, hint: str, capsys: Capture) -> None:
    assert run(["explain", given]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert hint in output.err


@pytest.mark.parametrize(("arguments", "codes"), [([], list(CODES)), (["v050"], ["V050"])])
def test_json(arguments: list[str], codes: list[str], capsys: Capture) -> None:
    assert run(["explain", *arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((files("bpfcc") / "schemas" / "explain-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert [record["code"] for record in document["codes"]] == codes
    assert document["codes"][-1]["example"] == ENTRIES[codes[-1]].example


def test_levels_are_the_platforms() -> None:
    assert levels("V011") == {"linux": "error", "windows": "error"}
    assert levels("V002") == {"linux": "warning", "windows": "error"}
    assert levels_text("V011") == "error"
    assert levels_text("V002") == "warning (error on windows)"
