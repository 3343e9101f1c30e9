"""`bpfcc image check --against SRC|OBJ`: judge it again, build the image again as its record says, and compare byte for byte.

    rebuild_and_compare(data, subject, Path("firewall.bpf.c"), reading, screen)
    {"source": "firewall.bpf.c", "status": "same", "differences": []}

The record is the image's own word: it says how to build, never what the result is. All bytes are compared but signature and checksum.
Objects hold the paths that their source was compiled under, and IR its lines, so their digests differ between directories. Where these
are all that differs, the image is `same-code`: what runs is what was verified, though the object that the record names is not at hand.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from bpfcc.cli.build_windows import NEEDS, show_refused
from bpfcc.cli.judged import open_judged
from bpfcc.cli.recorded import described, reading_of
from bpfcc.compat.image.record import Record
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.explain.quote import printable

if TYPE_CHECKING:
    from pathlib import Path

    from bpfcc.cli.options import Reading
    from bpfcc.cli.screen import Screen
    from bpfcc.compat.image.subject import Subject
    from bpfcc.native_images import Emit, ImageRequest, Origin
    from bpfcc.pipeline import Source

# Options that the request itself has; the others are those of compiling.
OWN: Final = frozenset({"emit", "arch", "from", "hash"})
WINDOWS: Final = "windows"


def rebuild_and_compare(
    data: bytes, subject: Subject, against: Path, reading: Reading, screen: Screen, *, given: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What came of it: `status` is same, same-code, differs, or rejected. InputError where SRC cannot be read or compiled.

    `given`: options with a default that the caller gave; they count instead of the record's.
    """
    record = subject.record
    if not isinstance(record, Record):
        reason = record if isinstance(record, str) else "it carries no record"
        return outcome(against, "differs", [f"{reason}: nothing says how it was built"])
    request = request_of(record, subject.image.name, reading)
    reading = reading_of(record, reading, given)
    if asked := described(record):
        screen.note(f"compiled as the image's record says: {printable(asked)}")
    source = reading.source(against, screen)
    names = tuple(each.name for each in record.programs)
    origin = "linux" if request.origin == "linux" else request.platform
    from bpfcc.native_images import build_image, emit_image, judged_for_windows, rules_for

    rules = rules_for(request.origin, request.platform)
    try:
        judged = open_judged(reading, source, screen, names=names, needs=NEEDS, rules=rules, origin=origin)
    except InputError:
        if absent := absent_programs(reading, source, names, origin):
            return outcome(against, "differs", absent)
        raise
    with screen.busy(f"rewriting {against}"):
        programs = [judged.object.program(name) for name in names]
        found = judged_for_windows(programs, origin=request.origin, platform=request.platform, known=judged.verdict)
    if show_refused(found, screen):
        return outcome(against, "rejected", [f"{each.program.name} is not accepted" for each in found if not each.accepted])
    with screen.busy("building it again"):
        differing = compared(data, build_image(emit_image(found, request).text, request.emit, str(request.machine)), subject.image.name)
        if not differing:
            return outcome(against, "same", [])
        if sha256(source.data).hexdigest() == record.object:
            return outcome(against, "differs", differing)
        elsewhere = build_image(emit_image(found, request, claimed=record).text, request.emit, str(request.machine))
    note = "the object is another one: another source, other options, another compiler or another directory"
    return outcome(against, "differs" if compared(data, elsewhere, subject.image.name) else "same-code", [note, *differing])


def absent_programs(reading: Reading, source: Source, names: tuple[str, ...], origin: str) -> list[str]:
    """Which programs of an image the object does not have. InputError where it cannot be read at all."""
    found, there = [], reading.open(source, lift=False, programs=(), origin=origin)
    for name in names:
        try:
            there.program(name)
        except InputError as error:
            found.append(error.message)
    return found


def outcome(against: Path, status: str, differences: list[str]) -> dict[str, Any]:
    """As the JSON document has it."""
    return {"source": str(against), "status": status, "differences": differences}


def compared(data: bytes, rebuilt: bytes, name: str) -> list[str]:
    """What differs; an image whose signature cannot be taken off is not what was built."""
    from bpfcc.compat.image.compare import differences

    try:
        return differences(data, rebuilt, name=name)
    except InputError as error:
        return [error.message]


def request_of(record: Record, name: str, reading: Reading) -> ImageRequest:
    """What to build. UnsupportedError where another compiler made the image, InputError where the record asks for what there is not."""
    from bpfcc.native_images import ImageRequest

    options = record.options
    emit, machine, origin = options.get("emit"), options.get("arch"), options.get("from")
    if emit == "c":
        message = "it was made of emitted C by another compiler, which bpfcc cannot run again; compare the C instead"
        raise UnsupportedError("comparing images of other compilers", message, file=name)
    if emit not in ("dll", "sys") or machine not in ("x86_64", "arm64") or origin not in ("linux", "windows"):
        raise InputError(f"its record asks for emit {emit!r}, arch {machine!r}, from {origin!r}", file=name)
    rest = {key: value for key, value in options.items() if key not in OWN}
    tables, hashed = tables_of(record, name, reading), options.get("hash") is not False
    return ImageRequest(record.source, cast("Emit", emit), machine, cast("Origin", origin), tables, hash=hashed, options=rest)


def tables_of(record: Record, name: str, reading: Reading) -> str:
    """The tables that it was built by: those that come with bpfcc, or the file that the caller names."""
    if record.platform == WINDOWS:
        return WINDOWS
    if reading.platform == "linux":
        raise InputError(f"it was built by tables of its own, {record.platform!r}; give that file with --platform", file=name)
    return reading.platform
