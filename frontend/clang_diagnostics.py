"""Turn what clang wrote to stderr into `Diagnostic` values.

    {"$schema": …, "runs": [{"results": [{"level": "error", …}]}]}      SARIF, one line of JSON
    x.c:2:81:{2:81-2:91}: error: use of undeclared identifier 'n'       text, of clangs without SARIF and of the driver

SARIF is read first; whatever lines are left are read as text. clang leaves diagnostics that have no place in the
source out of SARIF; its summary counts them, and `diagnostics_lost` compares. Both formats may be cut off or hostile:
what cannot be read is left out, never an exception.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeGuard
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from bpfcc.diagnostics import Diagnostic, Severity, SourcePosition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SARIF_START: Final = '{"$schema"'
MAX_DIAGNOSTICS: Final = 1000
MAX_SOURCE_BYTES: Final = 16 << 20
SEVERITIES: Final[dict[str, Severity]] = {
    "error": "error",
    "fatal error": "error",
    "warning": "warning",
    "remark": "note",
    "note": "note",
    "none": "note",
}
_PLACED: Final = re.compile(
    r"(?P<file>(?:[A-Za-z]:)?[^:{}]+)(?::(?P<line>\d+))?(?::(?P<column>\d+))?:"
    r"(?P<ranges>(?:\{\d+:\d+-\d+:\d+\})*:)? (?P<severity>fatal error|error|warning|note|remark): (?P<message>.*)"
)
_BARE: Final = re.compile(r"(?P<severity>fatal error|error|warning|note): (?P<message>.*)")
_INCLUDED: Final = re.compile(r"(?:In file included from|\s+from) (?P<file>(?:[A-Za-z]:)?[^:]+):(?P<line>\d+)[:,]")
_SUMMARY: Final = re.compile(r"(?:\d+ warnings?)?(?: and )?(?:\d+ errors?)? generated\.")
_COUNT: Final = re.compile(r"(\d+) (?:warning|error)")
_RANGE: Final = re.compile(r"\{(\d+):(\d+)-(\d+):(\d+)\}")


def parse_diagnostics(stderr: str) -> tuple[Diagnostic, ...]:
    """Every diagnostic in clang's output, notes hung below what they explain."""
    flat: list[Diagnostic] = []
    text: list[str] = []
    for line in stderr.splitlines():
        if line.startswith(SARIF_START):
            flat.extend(parse_sarif(line))
        else:
            text.append(line)
    flat.extend(parse_text(text))
    return tuple(with_text(d) for d in attach_notes(flat[:MAX_DIAGNOSTICS]))


def diagnostics_lost(stderr: str, *, failed: bool) -> bool:
    """Whether clang has more to say than its SARIF document holds.

    Its summary (`1 warning and 2 errors generated.`) counts all; and a failure has an error, which the driver and a
    back end that gives up do not put into SARIF.
    """
    lines = stderr.splitlines()
    counted = sum(int(number[:9]) for line in lines if _SUMMARY.fullmatch(line) for number in _COUNT.findall(line))
    held = [d.severity for line in lines if line.startswith(SARIF_START) for d in parse_sarif(line) if d.severity != "note"]
    return len(held) < counted or (failed and "error" not in held)


def attach_notes(flat: Iterable[Diagnostic]) -> list[Diagnostic]:
    """A note belongs to the error or warning before it."""
    nested: list[Diagnostic] = []
    for diagnostic in flat:
        if diagnostic.severity == "note" and nested:
            nested[-1] = replace(nested[-1], notes=(*nested[-1].notes, diagnostic))
        else:
            nested.append(diagnostic)
    return nested


# --- SARIF -----------------------------------------------------------------------------------------------------------


def parse_sarif(document: str) -> Iterator[Diagnostic]:
    """The results of a SARIF document, in order; a related location becomes an `included from here` note."""
    try:
        loaded: object = json.loads(document)
    except (ValueError, RecursionError):
        return
    for run in _list(_get(loaded, "runs")):
        for result in _list(_get(run, "results")):
            diagnostic = _sarif_result(result)
            if diagnostic is not None:
                yield diagnostic


def _sarif_result(result: object) -> Diagnostic | None:
    message = _get(_get(result, "message"), "text")
    level = _get(result, "level")
    if not isinstance(message, str):
        return None
    severity = SEVERITIES.get(level, "error") if isinstance(level, str) else "warning"
    places = [p for p in map(_sarif_position, _list(_get(result, "locations"))) if p is not None]
    notes = [
        Diagnostic("note", "included from here", p) for p in map(_sarif_position, _list(_get(result, "relatedLocations"))) if p is not None
    ]
    return Diagnostic(severity, message.strip(), _point_with_range(places), tuple(notes))


def _point_with_range(places: list[SourcePosition]) -> SourcePosition | None:
    """clang lists the ranges first and the caret last: keep the caret, and the end of the range that starts there."""
    if not places:
        return None
    caret = places[-1]
    for place in places[:-1]:
        if (place.file, place.line, place.column) == (caret.file, caret.line, caret.column):
            return place
    return caret


def _sarif_position(location: object) -> SourcePosition | None:
    physical = _get(location, "physicalLocation")
    uri = _get(_get(physical, "artifactLocation"), "uri")
    region = _get(physical, "region")
    line = _get(region, "startLine")
    if not isinstance(uri, str) or not _is_count(line):
        return None
    column, end_line, end_column = (_get(region, name) for name in ("startColumn", "endLine", "endColumn"))
    return SourcePosition(
        _path_of(uri),
        line,
        column if _is_count(column) else 0,
        end_line if _is_count(end_line) else None,
        end_column if _is_count(end_line) and _is_count(end_column) else None,
    )


def _path_of(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    return url2pathname(parts.path) if parts.scheme == "file" else unquote(uri)


def _get(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


# --- text ------------------------------------------------------------------------------------------------------------


def parse_text(lines: Iterable[str]) -> Iterator[Diagnostic]:
    """Diagnostics in clang's own format; source quotes, carets and summaries are passed over."""
    included: list[Diagnostic] = []
    for line in lines:
        stack = _INCLUDED.match(line)
        if stack:
            included.append(Diagnostic("note", "included from here", SourcePosition(stack["file"], int(stack["line"]))))
            continue
        diagnostic = _text_line(line)
        if diagnostic is not None:
            yield replace(diagnostic, notes=tuple(included))
            included.clear()


def _text_line(line: str) -> Diagnostic | None:
    bare = _BARE.fullmatch(line)
    if bare:
        return Diagnostic(SEVERITIES[bare["severity"]], bare["message"].strip())
    match = _PLACED.fullmatch(line)
    if match is None:
        return None
    severity = SEVERITIES[match["severity"]]
    if match["line"] is None:
        return Diagnostic(severity, match["message"].strip())
    line_number, column = int(match["line"][:9]), int((match["column"] or "0")[:9])
    end_line, end_column = _range_end(match["ranges"] or "", line_number, column)
    return Diagnostic(severity, match["message"].strip(), SourcePosition(match["file"], line_number, column, end_line, end_column))


def _range_end(ranges: str, line: int, column: int) -> tuple[int | None, int | None]:
    for found in _RANGE.finditer(ranges):
        first_line, first_column, last_line, last_column = (int(n[:9]) for n in found.groups())
        if (first_line, first_column) == (line, column):
            return last_line, last_column
    return None, None


# --- the quoted line -------------------------------------------------------------------------------------------------


def with_text(diagnostic: Diagnostic) -> Diagnostic:
    """The same diagnostic with the text of its source line, where the file can be read."""
    position = diagnostic.position
    if position is not None and position.text is None:
        lines = _source_lines(position.file)
        if position.line <= len(lines):
            position = replace(position, text=lines[position.line - 1])
    return replace(diagnostic, position=position, notes=tuple(with_text(n) for n in diagnostic.notes))


def forget_sources() -> None:
    """Drop the remembered source files: an editor may change them between two compiles."""
    _source_lines.cache_clear()


@lru_cache(maxsize=16)
def _source_lines(file: str) -> tuple[str, ...]:
    path = Path(file)
    try:
        if not path.is_file() or path.stat().st_size > MAX_SOURCE_BYTES:
            return ()
        return tuple(path.read_text(encoding="utf-8", errors="replace").split("\n"))
    except (OSError, ValueError):
        return ()
