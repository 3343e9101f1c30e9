"""Reading what clang says: SARIF and text, cut off, hostile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.diagnostics import Diagnostic, SourcePosition
from bpfcc.frontend.clang_diagnostics import MAX_DIAGNOSTICS, diagnostics_lost, parse_diagnostics


def sarif(*results: object) -> str:
    return json.dumps({"$schema": "x", "runs": [{"results": list(results)}]}, separators=(",", ":"))


def result(level: str, text: str, line: int, column: int, uri: str = "file:///src/a.c", **more: object) -> dict[str, object]:
    region = {"startLine": line, "startColumn": column, **more}
    return {
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
    }


def test_notes_hang_below_what_they_explain() -> None:
    said = sarif(result("error", "bad", 3, 4), result("note", "because", 1, 1), result("warning", "odd", 5, 6))
    first, second = parse_diagnostics(said)
    assert [n.message for n in first.notes] == ["because"]
    assert (second.severity, second.notes) == ("warning", ())


def test_escaped_file_names_are_unescaped() -> None:
    (found,) = parse_diagnostics(sarif(result("error", "bad", 1, 1, "file:///a%20b/%C3%BC.c")))
    assert found.position is not None
    assert Path(found.position.file) == Path("/a b/ü.c")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.c:3:7: error: bad", Diagnostic("error", "bad", SourcePosition("a.c", 3, 7))),
        ("a.c:3:7:{3:7-3:9}{1:1-1:2}: warning: odd [-Wodd]", Diagnostic("warning", "odd [-Wodd]", SourcePosition("a.c", 3, 7, 3, 9))),
        ("C:\\x\\a.c:3:7: fatal error: gone", Diagnostic("error", "gone", SourcePosition("C:\\x\\a.c", 3, 7))),
        ("a.c:3: error: whole line", Diagnostic("error", "whole line", SourcePosition("a.c", 3))),
        ("error: no place", Diagnostic("error", "no place")),
        ("clang-15: error: no such file", Diagnostic("error", "no such file")),
    ],
)
def test_text_lines(line: str, expected: Diagnostic) -> None:
    assert parse_diagnostics(line) == (expected,)


def test_text_that_is_no_diagnostic_is_passed_over() -> None:
    assert parse_diagnostics("    3 | int x;\n      |     ^\n1 error generated.\n") == ()


def test_lost_diagnostics_are_noticed() -> None:
    error, note = result("error", "bad", 1, 1), result("note", "n", 1, 1)
    assert diagnostics_lost(sarif() + "\n2 errors generated.\n", failed=True)
    assert diagnostics_lost(sarif(error) + "\n1 warning and 1 error generated.\n", failed=True)
    assert diagnostics_lost(sarif() + "\n1 warning generated.\n", failed=False)
    assert diagnostics_lost("clang: error: no such file\n", failed=True)
    assert not diagnostics_lost(sarif(error, note) + "\n1 error generated.\n", failed=True)
    assert not diagnostics_lost("", failed=False)


def test_a_flood_is_cut() -> None:
    assert len(parse_diagnostics("error: again\n" * (2 * MAX_DIAGNOSTICS))) == MAX_DIAGNOSTICS


WORDS = ["runs", "results", "level", "message", "text", "locations", "relatedLocations", "physicalLocation", "artifactLocation"]
WORDS += ["uri", "region", "startLine", "endColumn"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_read_without_an_exception(value: object) -> None:
    parse_diagnostics('{"$schema":0,"runs":' + json.dumps(value) + "}")
    parse_diagnostics('{"$schema":0,"runs":[{"results":' + json.dumps(value) + "}]}")


@given(st.text(alphabet=st.sampled_from("a.c:13{}- error warning note In file included from,\n\\"), max_size=120))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    for found in parse_diagnostics(text):
        assert found.severity in ("error", "warning", "note")


@given(st.integers(0, 400))
def test_a_document_that_is_cut_off(length: int) -> None:
    whole = sarif(result("error", "bad", 3, 4), result("note", "because", 1, 1))
    assert len(parse_diagnostics(whole[:length])) in (0, 1)
