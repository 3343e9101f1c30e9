"""SARIF 2.1.0: the parts of the standard that bpfcc writes, checked against a schema of exactly those parts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from bpfcc.diagnostics import SourcePosition
from bpfcc.explain import to_sarif
from bpfcc.explain.sarif import uri
from bpfcc.verifier.catalogue import ENTRIES
from bpfcc.verifier.codes import CODES
from bpfcc.verifier.verdict import Finding, Related, Verdict

PLACE = SourcePosition("src/x.c", 14, 9, 14, 20, "    return *p;")
CHECK = SourcePosition("src/x.c", 12, 5)
FINDING = Finding(
    "V011", "error", "2 bytes", "filter", 17, required="a", known="b", related=(Related("checked", 9, CHECK), Related("later", 30, PLACE)),
    suggestion="c", source=PLACE,
)  # fmt: skip


def verdict(*findings: Finding) -> Verdict:
    return Verdict("filter", "xdp", "xdp", "linux", "rejected", findings)


def strict(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    """An object with these members and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


TEXT = strict({"text": {"type": "string", "minLength": 1}})
COUNT = {"type": "integer", "minimum": 1}
REGION = strict(
    {"startLine": COUNT, "startColumn": COUNT, "endLine": COUNT, "endColumn": COUNT, "snippet": strict({"text": {"type": "string"}})},
    "startColumn", "endLine", "endColumn", "snippet",
)  # fmt: skip
URI = {"type": "string", "pattern": r"^[A-Za-z0-9%._~:/?#@!$&'()*+,;=\[\]-]+$"}
PHYSICAL = strict(
    {
        "artifactLocation": strict({"uri": URI}),
        "region": REGION,
        "address": strict({"relativeAddress": {"type": "integer", "minimum": 0}, "kind": {"const": "instruction"}}),
    },
    "region", "address",
)  # fmt: skip
LOCATION = strict(
    {
        "id": {"type": "integer", "minimum": -1},
        "physicalLocation": PHYSICAL,
        "logicalLocations": {"type": "array", "items": strict({"name": {"type": "string"}, "kind": {"type": "string"}})},
        "message": TEXT,
    },
    "id", "message",
)  # fmt: skip
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RULE = strict({
    "id": {"type": "string"}, "name": {"type": "string", "pattern": "^[A-Z]"},
    "shortDescription": TEXT, "fullDescription": TEXT, "help": TEXT,
    "defaultConfiguration": strict({"level": LEVEL}), "properties": {"type": "object"},
})  # fmt: skip
FLOW = strict({
    "threadFlows": {
        "type": "array", "minItems": 1,
        "items": strict({"locations": {"type": "array", "minItems": 1, "items": strict({"location": LOCATION})}}),
    }
})  # fmt: skip
RESULT = strict(
    {
        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "level": LEVEL, "message": TEXT,
        "locations": {"type": "array", "items": LOCATION}, "relatedLocations": {"type": "array", "uniqueItems": True, "items": LOCATION},
        "codeFlows": {"type": "array", "items": FLOW},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}}, "properties": {"type": "object"},
    },
    "relatedLocations", "codeFlows",
)  # fmt: skip
RUN = strict({
    "tool": strict({
        "driver": strict({
            "name": {"type": "string"}, "version": {"type": "string"}, "rules": {"type": "array", "uniqueItems": True, "items": RULE}
        })
    }),
    "artifacts": {"type": "array", "items": strict({"location": strict({"uri": URI})})},
    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    "results": {"type": "array", "items": RESULT},
})  # fmt: skip
SCHEMA = strict({"$schema": URI, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}})


def checked(*findings: Finding) -> dict[str, Any]:
    """The one run, after the schema."""
    log = to_sarif("filter.o", [verdict(*findings)])
    jsonschema.validate(log, SCHEMA)
    json.dumps(log, allow_nan=False)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_a_finding_in_full() -> None:
    (found,) = checked(FINDING)["results"]
    assert (found["ruleId"], found["level"]) == ("V011", "error")
    assert found["message"]["text"] == "2 bytes\nRequired: a\nKnown: b\nHelp: c"
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/x.c"
    assert place["region"] == {"startLine": 14, "startColumn": 9, "endLine": 14, "endColumn": 20, "snippet": {"text": "    return *p;"}}
    assert [each["message"]["text"] for each in found["relatedLocations"]] == ["checked", "later"]
    assert found["locations"][0]["logicalLocations"] == [{"name": "filter", "kind": "function"}]


def test_the_way_to_the_fault_is_a_code_flow() -> None:
    (found,) = checked(FINDING)["results"]
    steps = found["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == ["checked", "2 bytes"]
    (found,) = checked(replace(FINDING, related=(Related("later", 30, PLACE),)))["results"]
    assert "codeFlows" not in found


def test_without_a_source_the_object_is_the_place() -> None:
    (found,) = checked(replace(FINDING, source=None, related=()))["results"]
    assert found["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "filter.o"}, "address": {"relativeAddress": 136, "kind": "instruction"},
    }  # fmt: skip
    assert "relatedLocations" not in found
    (found,) = checked(replace(FINDING, source=None, related=(), insn=-1))["results"]
    assert found["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "filter.o"}}


def test_without_columns_the_line_is_the_region() -> None:
    (found,) = checked(replace(FINDING, source=SourcePosition("x.c", 3, 0, None, 9)))["results"]
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}


def test_a_message_is_never_empty() -> None:
    (found,) = checked(Finding("V060", "error", "", "filter", -1))["results"]
    assert found["message"]["text"] == "a loop without a bound"


def test_rules_are_those_with_results() -> None:
    run = checked(FINDING, replace(FINDING, code="V002", level="warning"), FINDING)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["V002", "V011"]
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["warning", "error"]
    assert rules[1]["fullDescription"]["text"] == ENTRIES["V011"].why
    assert all(rules[found["ruleIndex"]]["id"] == found["ruleId"] for found in run["results"])
    assert all("helpUri" not in rule for rule in rules)


def test_every_code_makes_a_rule() -> None:
    run = checked(*(replace(FINDING, code=code) for code in CODES))
    assert len(run["tool"]["driver"]["rules"]) == len(CODES)


def fingerprints(*findings: Finding) -> list[str]:
    return [each for found in checked(*findings)["results"] for each in found["partialFingerprints"].values()]


def test_fingerprints_survive_edits_elsewhere() -> None:
    (here,) = fingerprints(FINDING)
    moved = replace(FINDING, insn=40, source=SourcePosition("src/x.c", 99, 11, text="\treturn  *p;"))
    assert fingerprints(moved) == [here]
    for other in (replace(FINDING, code="V020"), replace(FINDING, function="g"), replace(FINDING, source=CHECK)):
        assert fingerprints(other) != [here]


def test_equal_findings_have_fingerprints_of_their_own() -> None:
    assert len(set(fingerprints(FINDING, FINDING, FINDING))) == 3
    assert fingerprints(FINDING, FINDING) == fingerprints(FINDING, FINDING)


@pytest.mark.parametrize(
    ("file", "expected"),
    [("a b/ü.c", "a%20b/%C3%BC.c"), ("/src/a.c", "file:///src/a.c"), ("C:\\src\\a.c", "file:///C:/src/a.c"),
     ("a%.c", "a%25.c"), ("<unknown>", "%3Cunknown%3E")],
)  # fmt: skip
def test_names_of_files(file: str, expected: str) -> None:
    assert uri(file) == expected


def test_the_schema_can_refuse() -> None:
    log = to_sarif("filter.o", [verdict(FINDING)])
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, SCHEMA)
