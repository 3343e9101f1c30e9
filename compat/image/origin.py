"""Checks of where an image comes from: repeatable linking, the record, the signature. rules.py names them.

list(record_verdict(subject))        ["drop: rejected"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.compat.image.authenticode import Signature
from bpfcc.compat.image.pe import MACHINES
from bpfcc.compat.image.record import SECTION, Record
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.compat.image.metadata import Metadata
    from bpfcc.compat.image.pe import Image
    from bpfcc.compat.image.subject import Subject

WINDOWS: Final = "windows"
# The section of the object's SHA-256.
HASH: Final = "hash"
CODEVIEW: Final = 2
SHA256_DIGITS: Final = 64
REPEATABLE: Final = 16
SYMBOLS: Final = b"RSDS"
NO_TIMES: Final = frozenset({0, 0xFFFF_FFFF})
# Of a debug entry that leads to a symbol file: magic, GUID, age, then the path.
CODEVIEW_PATH: Final = 24
# Where these fail, names of programs are not known.
UNNAMED: Final = frozenset({"programs-section", "strings-place"})


def deterministic(subject: Subject) -> Iterator[str]:
    """Times are zero or made of the content, which a debug entry says; no path of the build machine."""
    if isinstance(subject.debug, str):
        yield subject.debug
        return
    repeatable = any(each.kind == REPEATABLE for each in subject.debug)
    if not repeatable and subject.image.time not in NO_TIMES:
        yield f"the header holds the time {subject.image.time}, and no mark that it is made of the content"
    for each in subject.debug:
        # Other kinds of symbol file have the path elsewhere.
        start = CODEVIEW_PATH if each.data[:4] == SYMBOLS else 0
        path = each.data[start:].partition(b"\0")[0] if each.kind == CODEVIEW else b""
        if each.time not in NO_TIMES and not (repeatable and each.time == subject.image.time):
            yield f"a debug entry holds the time {each.time}" + (", the header another" if repeatable else "")
        if path:
            yield f"it names a symbol file: {path.decode('utf-8', 'backslashreplace')}"


def record_present(subject: Subject) -> Iterator[str]:
    """There is one."""
    if subject.record is None:
        yield f"there is no section {SECTION}"


def record_valid(subject: Subject) -> Iterator[str]:
    """It can be read, and names the programs that there are."""
    record = subject.record
    if isinstance(record, str):
        yield record
    elif record is not None and not any(each.rule in UNNAMED for each in subject.metadata.problems):
        said = sorted(each.name for each in record.programs)
        there = sorted(each.name for each in subject.metadata.programs)
        if said != there:
            names = [", ".join(each[:8]) or "nothing" for each in (said, there)]
            yield f"it is about {names[0]}; the image has {names[1]}"
            return
        yield from _other_programs(record, subject.metadata)
    if isinstance(record, Record):
        yield from _other_image(record, subject.image)


def _other_image(record: Record, image: Image) -> Iterator[str]:
    """Where it tells of another image than it is in: a library for a driver, another machine, another object."""
    emit, machine = record.options.get("emit"), record.options.get("arch")
    if emit in ("dll", "sys") and emit != image.kind:
        yield f"it is about a .{emit}, and this is a .{image.kind}"
    if machine in MACHINES.values() and machine != image.architecture:
        yield f"it is about an image for {machine}, and this is one for {image.architecture}"
    section = image.section(HASH)
    hashed = image.content(section).hex() if section is not None else ""
    if (hashed or record.options.get("hash") is True) and hashed.rstrip("0") != record.object.rstrip("0"):
        yield f"it names the object {record.object[:16]}…, section `{HASH}` {hashed[:16] or 'none'}…"


def _other_programs(record: Record, metadata: Metadata) -> Iterator[str]:
    """Where it gives programs other sections or types than the image does."""
    from bpfcc.runtime.specs import load_platform

    types = load_platform(WINDOWS).program_types if record.platform == WINDOWS else {}
    there = {each.name: each for each in metadata.programs}
    for said in record.programs:
        found = there[said.name]
        if said.section and said.section != found.section:
            yield f"{said.name} is in section {said.section!r} by it, and in {found.section!r} by the image"
        spec = types.get(said.type)
        if spec is None or spec.guid is None:
            continue
        attach = spec.attach_types.get(said.attach_type or next(iter(spec.attach_types), ""))
        if None in (found.type_guid, found.attach_guid):
            # Another rule says why they are not known.
            continue
        if found.type_guid != spec.guid or (attach is not None and attach.guid is not None and found.attach_guid != attach.guid):
            yield f"{said.name} is of type {said.type} ({said.attach_type or 'any'}) by it, and not by the GUIDs of the image"


def record_verdict(subject: Subject) -> Iterator[str]:
    """Every program was accepted."""
    if isinstance(subject.record, Record):
        for each in subject.record.programs:
            if each.verdict != "accepted":
                yield f"{each.name}: {each.verdict}"


def interface(subject: Subject) -> Iterator[str]:
    """Digests of interfaces are those of the tables, where these have the type and its helpers."""
    from bpfcc.compat.native.info_hash import program_info_hash
    from bpfcc.runtime.specs import load_platform

    platform = load_platform(subject.platform)
    types = {spec.guid: name for name, spec in platform.program_types.items() if spec.guid is not None}
    for each in subject.metadata.programs:
        if each.digest is None or len(each.digest) != SHA256_DIGITS or each.functions or each.type_guid is None:
            # Without a digest nothing is compared; resolved functions are known to the machine alone; other rules are about GUIDs.
            continue
        kind = types.get(each.type_guid)
        if kind is None:
            yield f"{each.name}: no type of program has the GUID {each.type_guid}"
            continue
        try:
            wanted = program_info_hash(platform, kind, each.helpers).hex()
        except (InputError, UnsupportedError) as error:
            yield f"{each.name}: {error.message}"
            continue
        if wanted != each.digest:
            used = ", ".join(map(str, each.helpers)) or "none"
            yield f"{each.name}: it has {each.digest[:16]}…, and type {kind} with helpers {used} has {wanted[:16]}…"


def signed(subject: Subject) -> Iterator[str]:
    """There is a signature."""
    if subject.signature is None:
        yield "it is not signed"


def signature(subject: Subject) -> Iterator[str]:
    """What is there is valid."""
    found = subject.signature
    if isinstance(found, str):
        yield found
    elif found is not None:
        yield from found.problems
        if subject.verification is not None and subject.verification.status == "invalid":
            yield subject.verification.text


def signer(subject: Subject) -> Iterator[str]:
    """Somebody other than the image says who it is."""
    found, verification = subject.signature, subject.verification
    if not isinstance(found, Signature) or verification is None:
        return
    if verification.status in ("untrusted", "unchecked"):
        yield verification.text
    elif verification.by_itself and found.self_signed:
        yield f"{found.signer}, by a certificate that it made itself"
    elif verification.by_itself:
        yield f"{found.signer}, by certificates that come with the image and that nobody else vouches for"
