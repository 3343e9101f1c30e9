"""The record that a native image carries: what it was made from, and what the verifier said of it.

    drop = ProgramRecord("drop", "xdp", "xdp", "xdp", ir_digest, "accepted", max_insns=42)
    record = Record("drop.bpf.c", object_digest, "windows", table_digest, {"emit": "sys", "arch": "x86_64"}, (drop,))
    record_json(record)            canonical JSON: the same record, the same bytes
    record_c(record)               C that puts it into section `.bpfcc` of the image
    read_record(section_bytes)     back again; InputError for anything else

The section holds the JSON text and then zeros. `options` is whatever has to be repeated to build the same bytes again, where it means the
same on any machine: definitions and types, and no paths.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, final, get_args

from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA: Final = "bpfcc.record/1"
SECTION: Final = ".bpfcc"
MAX_BYTES: Final = 1 << 20
MAX_PROGRAMS: Final = 4096
MAX_TEXT: Final = 4096
MAX_LIST: Final = 256
# What every reader of JSON can hold.
MAX_NUMBER: Final = 1 << 53
BYTES_A_LINE: Final = 24
DIGEST: Final = re.compile(r"[0-9a-f]{64}")

# "unjudged": built without the verifier.
Judged = Literal["accepted", "rejected", "unsupported", "unjudged"]
Option = str | int | bool | None | tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class ProgramRecord:
    """One program: `ir` is the SHA-256 of the IR that was judged and emitted, `max_insns` its bound (None: none is known)."""

    name: str
    section: str
    type: str
    attach_type: str | None
    ir: str
    verdict: Judged
    max_insns: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Record:
    """What an image was made from. Digests are SHA-256 in lower-case hex; `object` is that of the ELF file."""

    source: str
    object: str
    platform: str
    platform_digest: str
    options: Mapping[str, Option] = field(default_factory=dict)
    programs: Sequence[ProgramRecord] = ()
    bpfcc: str = ""

    @property
    def accepted(self) -> bool:
        """Whether every program in it was."""
        return bool(self.programs) and all(each.verdict == "accepted" for each in self.programs)


def record_json(record: Record) -> bytes:
    """ASCII, keys in order, no space: the same for equal records."""
    document = {
        "schema": SCHEMA,
        "bpfcc": record.bpfcc or package_version(),
        "source": record.source,
        "object": record.object,
        "platform": {"name": record.platform, "digest": record.platform_digest},
        "options": dict(record.options),
        "programs": [asdict(each) for each in record.programs],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def package_version() -> str:
    """Of this bpfcc."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("bpfcc")
    except PackageNotFoundError:
        return "0"


def record_c(record: Record) -> str:
    """A definition of `bpfcc_record` in a section of its own that is read only, for any C compiler of Windows."""
    data = record_json(record) + b"\0"
    rows = [", ".join(str(byte) for byte in data[at : at + BYTES_A_LINE]) for at in range(0, len(data), BYTES_A_LINE)]
    body = ",\n    ".join(rows)
    return f"""/* What this image was made from, as JSON; `bpfcc image check` reads it. */
#if defined(_MSC_VER) && !defined(__clang__)
#pragma section("{SECTION}", read)
#pragma comment(linker, "/include:bpfcc_record")
__declspec(allocate("{SECTION}"))
#else
__attribute__((section("{SECTION}"), used))
#endif
const unsigned char bpfcc_record[{len(data)}] = {{
    {body}
}};
"""


def read_record(section: bytes) -> Record:
    """The record of a section's bytes. InputError where they are none of this version."""
    text = section.rstrip(b"\0")
    if not text or len(text) > MAX_BYTES:
        raise InputError(f"the record in {SECTION} is {'empty' if not text else 'too long'}")
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InputError(f"the record in {SECTION} is not JSON") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise InputError(f"the record in {SECTION} has schema {str(schema)[:40]!r}; this bpfcc reads {SCHEMA}")
    if any("\ud800" <= letter <= "\udfff" for letter in json.dumps(document, ensure_ascii=False)):
        raise InputError(f"the record in {SECTION} holds half a character")
    platform = _get(document, "platform", dict)
    programs = _get(document, "programs", list)
    if len(programs) > MAX_PROGRAMS:
        raise InputError(f"the record in {SECTION} names too many programs")
    options = _get(document, "options", dict)
    options = {key: _option(value) for key, value in options.items()}
    return Record(
        source=_text(document, "source"), object=_digest(document, "object"), platform=_text(platform, "name"),
        platform_digest=_digest(platform, "digest"), options=options, programs=tuple(_program(each) for each in programs),
        bpfcc=_text(document, "bpfcc"),
    )  # fmt: skip


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. InputError where a key stands twice: readers differ in which one counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InputError(f"the record in {SECTION} has a key twice")
    return found


def _no_number(text: str) -> float:
    raise InputError(f"the record in {SECTION} holds {text}, which is no JSON")


def _option(value: Any) -> Option:
    if isinstance(value, list) and len(value) <= MAX_LIST and all(isinstance(each, str) and len(each) <= MAX_TEXT for each in value):
        return tuple(value)
    if value is None or isinstance(value, str) or (isinstance(value, int) and abs(value) <= MAX_NUMBER):
        return value
    raise InputError(f"the record in {SECTION}: options are text, numbers, true, false, null, or lists of text")


def _program(record: Any) -> ProgramRecord:
    if not isinstance(record, dict):
        raise InputError(f"the record in {SECTION}: a program is not an object")
    verdict = _text(record, "verdict")
    attach, bound = record.get("attach_type"), record.get("max_insns")
    if verdict not in get_args(Judged):
        raise InputError(f"the record in {SECTION}: no verdict {verdict[:40]!r}")
    if not (attach is None or isinstance(attach, str)) or not (bound is None or (type(bound) is int and 0 <= bound <= MAX_NUMBER)):
        raise InputError(f"the record in {SECTION}: attach_type or max_insns of a program is malformed")
    judged: Any = verdict
    return ProgramRecord(
        _text(record, "name"), _text(record, "section"), _text(record, "type"), attach, _digest(record, "ir"), judged, bound
    )


def _get(record: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    value = record.get(key)
    if not isinstance(value, kind):
        raise InputError(f"the record in {SECTION}: {key!r} is missing or malformed")
    return value


def _text(record: Mapping[str, Any], key: str) -> str:
    value: str = _get(record, key, str)
    if len(value) > MAX_TEXT:
        raise InputError(f"the record in {SECTION}: {key!r} is too long")
    return value


def _digest(record: Mapping[str, Any], key: str) -> str:
    value = _text(record, key)
    if not DIGEST.fullmatch(value):
        raise InputError(f"the record in {SECTION}: {key!r} is not a SHA-256 digest")
    return value
