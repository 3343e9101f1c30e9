"""Verdicts from JSON that another process wrote: nothing is believed that was not checked.

    name, verdicts = parse_record(answer, file="filter.o")

Lengths and counts are limited, numbers are of their ranges, words of their lists, text has no control characters; a verdict that
contradicts itself (accepted with an error) is refused. What is left out takes the default, so the documents that
`bpfcc verify --json` prints are read as well as the fuller ones that processes of bpfcc exchange.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError
from bpfcc.explain.record import MAX_WIRE_TEXT, SCHEMA
from bpfcc.isolate.wire import CONTROL
from bpfcc.verifier.codes import CODES
from bpfcc.verifier.verdict import Cause, Counterexample, Finding, Level, Related, Role, Stats, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")

MAX_BYTES: Final = 64 << 20
MAX_TEXT: Final = MAX_WIRE_TEXT
MAX_PROGRAMS: Final = 10_000
MAX_FINDINGS: Final = 10_000
MAX_RELATED: Final = 200
MAX_INPUT_BYTES: Final = 1 << 20
MAX_FUNCTIONS: Final = 10_000
MAX_ENTRIES: Final = 10_000
MAX_DEPTH: Final = 8
FRAME_BITS: Final = 512
INSN_LIMIT: Final = 1 << 31
DIGEST: Final = re.compile(r"[0-9a-f]{64}")
LOWER_HEX: Final = re.compile(r"([0-9a-f]{2})*")
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)
ROLES: Final[tuple[Role, ...]] = get_args(Role)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)


def parse_record(answer: bytes | str | dict[str, Any], *, file: str | None = None) -> tuple[str, tuple[Verdict, ...]]:
    """The object's name and its verdicts. InputError where the document is none: `file` says whose."""
    if not isinstance(answer, dict):
        if len(answer) > MAX_BYTES:
            raise InputError("a verdict of more than 64 MiB", file=file)
        try:
            answer = json.loads(answer)
        except (ValueError, RecursionError):
            raise InputError("the verdict is not JSON", file=file) from None
    try:
        document = _dict(answer)
        if document.get("schema") != SCHEMA:
            raise _Rubbish("schema")
        return _text(document.get("object"), "object"), tuple(_list(document.get("programs"), "programs", MAX_PROGRAMS, _verdict))
    except _Rubbish as fault:
        raise InputError(f"no verdict that makes sense: {fault.args[0]}", file=file) from None


class _Rubbish(Exception):
    """What is wrong with a document: the path of the member."""


def _verdict(record: Any) -> Verdict:
    record = _dict(record)
    status: Status = _word(record.get("verdict"), "verdict", STATUSES)
    findings = tuple(_list(record.get("findings"), "findings", MAX_FINDINGS, _finding))
    if status == "accepted" and any(finding.level == "error" for finding in findings):
        raise _Rubbish("accepted with errors")
    digest = record.get("digest", "")
    if not isinstance(digest, str) or (digest and DIGEST.fullmatch(digest) is None):
        raise _Rubbish("digest")
    return Verdict(
        name=_text(record.get("name"), "name"),
        section=_text(record.get("section"), "section"),
        type=_optional_text(record.get("type"), "type"),
        platform=_text(record.get("platform", "linux"), "platform"),
        status=status,
        findings=findings,
        stats=_stats(record.get("stats")),
        digest=digest,
        zeroed=_zeroed(record.get("zeroed", {})),
    )


def _finding(record: Any) -> Finding:
    record = _dict(record)
    code = record.get("code")
    if not isinstance(code, str) or code not in CODES:
        raise _Rubbish("code")
    example = record.get("counterexample")
    role: Role | None = None if record.get("role") is None else _word(record["role"], "role", ROLES)
    return Finding(
        code=code,
        level=_word(record.get("level"), "level", LEVELS),
        message=_text(record.get("message"), "message"),
        function=_text(record.get("function", ""), "function"),
        insn=_insn(record.get("insn")),
        required=_optional_text(record.get("required"), "required"),
        known=_optional_text(record.get("known"), "known"),
        cause=_word(record.get("cause"), "cause", CAUSES),
        role=role,
        related=tuple(_list(record.get("related"), "related", MAX_RELATED, _related)),
        suggestion=_optional_text(record.get("suggestion"), "suggestion"),
        source=_source(record.get("source")),
        counterexample=None if example is None else _counterexample(example),
    )


def _related(record: Any) -> Related:
    record = _dict(record)
    return Related(_text(record.get("message"), "related"), _insn(record.get("insn")), _source(record.get("source")))


def _source(record: Any) -> SourcePosition | None:
    if record is None:
        return None
    record = _dict(record)
    return SourcePosition(
        file=_text(record.get("file"), "file"),
        line=_number(record.get("line"), "line", INSN_LIMIT),
        column=_optional_number(record.get("column"), "column") or 0,
        end_line=_optional_number(record.get("end_line"), "end_line"),
        end_column=_optional_number(record.get("end_column"), "end_column"),
        text=_optional_text(record.get("text"), "text"),
    )


def _counterexample(record: Any) -> Counterexample:
    record = _dict(record)
    context, environment = _dict(record.get("context", {})), _dict(record.get("environment", {}))
    if len(context) > MAX_ENTRIES or len(environment) > MAX_RELATED:
        raise _Rubbish("context")
    budget = [MAX_ENTRIES]
    return Counterexample(
        packet=_bytes(record.get("packet"), "packet"),
        data=_bytes(record.get("data"), "data"),
        context={_text(name, "context"): _field(value) for name, value in context.items()},
        maps={_text(name, "maps"): _plain(value, budget, MAX_DEPTH) for name, value in _dict(record.get("maps", {})).items()},
        environment={_text(name, "environment"): _setting(value) for name, value in environment.items()},
        trap=_text(record.get("trap", ""), "trap"),
        steps=_number(record.get("steps", 0), "steps", 1 << 63),
    )


def _field(value: Any) -> int | tuple[int, ...]:
    """A field of a context: a number, or one for each element of an array."""
    if isinstance(value, list):
        return tuple(_list(value, "context", MAX_RELATED, lambda each: _number(each, "context", 1 << 64)))
    return _number(value, "context", 1 << 64)


def _setting(value: Any) -> int | str:
    return _text(value, "environment") if isinstance(value, str) else _number(value, "environment", 1 << 64)


def _stats(record: Any) -> Stats:
    record = _dict(record)
    stages = _dict(record.get("stages", {}))
    if len(stages) > MAX_RELATED:
        raise _Rubbish("stages")
    counts = {
        name: _number(record.get(name, 0), name, 1 << 63) for name in ("insns", "values", "time_us", "peak_kib", "stack_bytes", "steps")
    }
    longest = record.get("max_path_insns")
    return Stats(
        **counts,
        stages={_text(name, "stages"): _number(value, "stages", 1 << 63) for name, value in stages.items()},
        max_path_insns=None if longest is None else _number(longest, "max_path_insns", 1 << 63),
    )


def _zeroed(record: Any) -> dict[str, int]:
    record = _dict(record)
    if len(record) > MAX_FUNCTIONS:
        raise _Rubbish("zeroed")
    return {_text(name, "zeroed"): _mask(value) for name, value in record.items()}


def _mask(value: Any) -> int:
    if not isinstance(value, str) or re.fullmatch(r"[0-9a-f]{1,128}", value) is None:
        raise _Rubbish("zeroed")
    return int(value, 16) & ((1 << FRAME_BITS) - 1)


def _plain(value: Any, budget: list[int], depth: int) -> object:
    """Contents of a map: JSON of limited size and depth, its text without control characters."""
    budget[0] -= 1
    if budget[0] < 0 or depth < 0:
        raise _Rubbish("maps")
    if isinstance(value, str):
        return _text(value, "maps")
    if isinstance(value, list):
        return [_plain(item, budget, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_text(key, "maps"): _plain(item, budget, depth - 1) for key, item in value.items()}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
        return value
    raise _Rubbish("maps")


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _Rubbish("an object is missing")
    return value


def _list(value: Any, what: str, limit: int, parse: Callable[[Any], Item]) -> list[Item]:
    if not isinstance(value, list) or len(value) > limit:
        raise _Rubbish(what)
    return [parse(item) for item in value]


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _Rubbish(what)
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)


def _optional_text(value: Any, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _word(value: Any, what: str, known: tuple[Item, ...]) -> Item:
    for word in known:
        if value == word:
            return word
    raise _Rubbish(what)


def _number(value: Any, what: str, limit: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise _Rubbish(what)
    return value


def _optional_number(value: Any, what: str) -> int | None:
    return None if value is None else _number(value, what, INSN_LIMIT)


def _insn(value: Any) -> int:
    return -1 if value is None else _number(value, "insn", INSN_LIMIT)


def _bytes(value: Any, what: str) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 2 * MAX_INPUT_BYTES or LOWER_HEX.fullmatch(value) is None:
        raise _Rubbish(what)
    return bytes.fromhex(value)
