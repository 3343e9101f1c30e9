"""Verdicts as SARIF 2.1.0, which editors and code-scanning services read.

    to_sarif("filter.o", verdicts)["runs"][0]["results"][0]["ruleId"]      "V011"

Each code is a rule, with the catalogue's text. A finding is a result; places that belong to it are related locations, and, where they
lead up to it, a code flow. A fingerprint is of the code, the function and the source line, so that it survives other edits.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bpfcc.verifier.catalogue import ENTRIES
from bpfcc.verifier.codes import CODES, LINT_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.diagnostics import SourcePosition
    from bpfcc.verifier.verdict import Finding, Verdict

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT: Final = "bpfcc/v1"


def to_sarif(object_name: str, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """One SARIF log with one run. Rules are those that have results, in the order of their codes."""
    from bpfcc import __version__

    judged = list(verdicts)
    used = sorted({finding.code for verdict in judged for finding in verdict.findings})
    numbers = {code: number for number, code in enumerate(used)}
    seen: dict[str, int] = {}
    results = [result(object_name, verdict, finding, numbers, seen) for verdict in judged for finding in verdict.findings]
    driver = {"name": "bpfcc", "version": __version__, "rules": [rule(code) for code in used]}
    run = {
        "tool": {"driver": driver},
        "artifacts": [{"location": {"uri": uri(object_name)}}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def rule(code: str) -> dict[str, Any]:
    """The description of a code."""
    entry, kind = ENTRIES[code], CODES[code]
    level = "warning" if kind.finding_class in LINT_CLASSES else "error"
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in kind.finding_class.split("-")),
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": entry.why},
        "help": {"text": entry.remedy},
        "defaultConfiguration": {"level": level},
        "properties": {"class": kind.finding_class},
    }


def result(object_name: str, verdict: Verdict, finding: Finding, numbers: dict[str, int], seen: dict[str, int]) -> dict[str, Any]:
    """One finding. `seen` counts equal fingerprints."""
    record: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": numbers[finding.code],
        "level": finding.level,
        "message": {"text": message_text(finding)},
        "locations": [location(object_name, finding.source, finding.insn, finding.function or verdict.name)],
        "partialFingerprints": {FINGERPRINT: fingerprint(verdict, finding, seen)},
        "properties": {"program": verdict.name, "section": verdict.section, "cause": finding.cause},
    }
    related = [
        location(object_name, each.source, each.insn, finding.function or verdict.name) | {"id": number, "message": {"text": each.message}}
        for number, each in enumerate(finding.related, 1)
    ]
    if related:
        record["relatedLocations"] = related
    steps = [each for each in finding.related if 0 <= each.insn < finding.insn]
    if steps:
        record["codeFlows"] = [code_flow(object_name, verdict, finding)]
    return record


def code_flow(object_name: str, verdict: Verdict, finding: Finding) -> dict[str, Any]:
    """The places before the fault, in program order, then the fault itself."""
    function = finding.function or verdict.name
    path = sorted((each for each in finding.related if 0 <= each.insn < finding.insn), key=lambda each: each.insn)
    places = [(each.source, each.insn, each.message) for each in path] + [(finding.source, finding.insn, finding.message)]
    locations = [{"location": location(object_name, source, insn, function) | {"message": {"text": text}}} for source, insn, text in places]
    return {"threadFlows": [{"locations": locations}]}


def message_text(finding: Finding) -> str:
    """Everything that a reader should see without opening anything else."""
    parts = [finding.message or CODES[finding.code].title]
    parts += [f"Required: {finding.required}"] if finding.required else []
    parts += [f"Known: {finding.known}"] if finding.known else []
    parts += [f"Help: {finding.suggestion}"] if finding.suggestion else []
    return "\n".join(parts)


def location(object_name: str, source: SourcePosition | None, insn: int, function: str) -> dict[str, Any]:
    """A place: in the source where that is known, else in the object."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri(source.file if source is not None else object_name)}}
    if source is not None and source.line > 0:
        physical["region"] = region(source)
    elif insn >= 0:
        physical["address"] = {"relativeAddress": 8 * insn, "kind": "instruction"}
    return {"physicalLocation": physical, "logicalLocations": [{"name": function, "kind": "function"}]}


def region(source: SourcePosition) -> dict[str, Any]:
    """Lines and columns from 1; the end column is the first that does not belong to it."""
    found: dict[str, Any] = {"startLine": source.line}
    if source.column > 0:
        found["startColumn"] = source.column
    if source.end_line is not None and source.end_line >= source.line:
        found["endLine"] = source.end_line
    if source.column > 0 and source.end_column is not None and source.end_column > 0:
        found["endColumn"] = source.end_column
    if source.text is not None:
        found["snippet"] = {"text": source.text}
    return found


def uri(file: str) -> str:
    """A file name as a URI reference: absolute paths become `file:` URIs, relative ones stay relative."""
    path: PurePath = PureWindowsPath(file) if len(file) > 2 and file[1] == ":" and file[0].isalpha() else PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def fingerprint(verdict: Verdict, finding: Finding, seen: dict[str, int]) -> str:
    """The same in the next run where code, program, function and the text of the line are; the n-th of equal ones is numbered."""
    line = " ".join((finding.source.text or str(finding.source.line)).split()) if finding.source is not None else str(finding.insn)
    text = "\0".join([finding.code, verdict.section, verdict.name, finding.function, line])
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]
    seen[digest] = seen.get(digest, 0) + 1
    return f"{digest}:{seen[digest]}"
