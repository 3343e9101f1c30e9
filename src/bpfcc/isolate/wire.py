"""What an isolated child says, as JSON, and how much of it the parent believes: nothing that it has not checked.

{"programs": [{"name": "filter", "section": "xdp", "code": "<sha-256>", "ir": "<sha-256>"}], "needs_kernel_types": false}
{"error": {"kind": "input", "message": "symbol table is cut off", "section": ".symtab", "offset": 64}}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, final

from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import BpfccError, InputError, InternalError, UnsupportedError

MAX_TEXT: Final = 20_000
MAX_PROGRAMS: Final = 10_000
DIGEST: Final = re.compile(r"[0-9a-f]{64}")
# What a child may say in text reaches a terminal: no control characters.
CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@final
@dataclass(frozen=True, slots=True)
class ProgramDigest:
    """One program as the child read it: SHA-256 of its linked code and of its IR text (None where it was not lifted)."""

    key: str
    code: str
    ir: str | None


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """What a child says about an object that it could read."""

    programs: tuple[ProgramDigest, ...]
    needs_kernel_types: bool


def error_record(error: BpfccError) -> dict[str, Any]:
    """An error as JSON has it; the inverse is `raise_error`."""
    record: dict[str, Any] = {"kind": "internal", "message": error.message}
    if isinstance(error, InputError):
        record |= {"kind": "input", "file": error.file, "section": error.section, "offset": error.offset, "insn": error.insn}
        if error.position is not None:
            record |= {"source": error.position.file, "line": error.position.line}
    elif isinstance(error, UnsupportedError):
        record |= {"kind": "unsupported", "feature": error.feature, "file": error.file, "insn": error.insn}
    return record


def parse_answer(data: bytes, *, file: str | None) -> Reading:
    """Check an answer; raise the error that it reports."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise rubbish(file) from None
    if not isinstance(answer, dict):
        raise rubbish(file)
    if "error" in answer:
        _raise_error(answer["error"], file)
    programs = answer.get("programs")
    needs = answer.get("needs_kernel_types")
    if not isinstance(programs, list) or len(programs) > MAX_PROGRAMS or not isinstance(needs, bool):
        raise rubbish(file)
    return Reading(tuple(_program(record, file) for record in programs), needs)


def _program(record: Any, file: str | None) -> ProgramDigest:
    if not isinstance(record, dict):
        raise rubbish(file)
    key, code, ir = record.get("key"), record.get("code"), record.get("ir")
    digests = [code] if ir is None else [code, ir]
    if not isinstance(key, str) or len(key) > MAX_TEXT or not all(isinstance(d, str) and DIGEST.fullmatch(d) for d in digests):
        raise rubbish(file)
    return ProgramDigest(key, str(code), ir)


def error_of(record: Any, file: str | None) -> BpfccError:
    """The error that a record of `error_record` (or of what stopped the child) is."""
    try:
        _raise_error(record, file)
    except BpfccError as error:
        return error
    return rubbish(file)


def _raise_error(record: Any, file: str | None) -> None:
    if not isinstance(record, dict):
        raise rubbish(file)
    kind = record.get("kind")
    if kind == "memory":
        raise InputError("reading it needs more memory than is allowed", file=file)
    if kind == "recursion":
        raise InputError("it is nested too deeply", file=file)
    message = _text(record.get("message"), file)
    if kind == "input":
        source, line = record.get("source"), record.get("line")
        position = None if source is None else SourcePosition(_text(source, file), _number(line, file) or 0)
        raise InputError(
            message,
            file=_optional_text(record.get("file"), file),
            section=_optional_text(record.get("section"), file),
            offset=_number(record.get("offset"), file),
            insn=_number(record.get("insn"), file),
            position=position,
        )
    if kind == "unsupported":
        named = _optional_text(record.get("file"), file)
        raise UnsupportedError(_text(record.get("feature"), file), message, file=named, insn=_number(record.get("insn"), file))
    raise InternalError(f"the isolated reader failed:\n{message}" if kind == "crash" else message)


def _text(value: Any, file: str | None) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise rubbish(file)
    return CONTROL.sub("�", value)


def _optional_text(value: Any, file: str | None) -> str | None:
    return None if value is None else _text(value, file)


def number_below(value: Any, limit: int, file: str | None) -> int:
    """A count from a child's answer."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise rubbish(file)
    return value


def digest_of(value: Any, file: str | None) -> str:
    """A SHA-256 from a child's answer."""
    if not isinstance(value, str) or not DIGEST.fullmatch(value):
        raise rubbish(file)
    return value


def text_of(value: Any, file: str | None) -> str:
    """Text from a child's answer, made fit for a terminal."""
    return _text(value, file)


def _number(value: Any, file: str | None) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not -(2**63) <= value < 2**64:
        raise rubbish(file)
    return value


def rubbish(file: str | None, reason: str = "") -> InputError:
    """The error for an answer that makes no sense."""
    return InputError(f"the isolated reader gave no sensible answer about it{f' ({reason})' if reason else ''}", file=file)
