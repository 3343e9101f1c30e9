"""Everything about an image that rules look at, read once.

subject = examine(data, name="firewall.sys")
subject.image, subject.metadata, subject.record, subject.signature
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, final

from bpfcc.compat.image.authenticode import Signature, read_signature
from bpfcc.compat.image.certificates import read_certificates
from bpfcc.compat.image.checksum import checksum
from bpfcc.compat.image.metadata import Metadata, read_metadata
from bpfcc.compat.image.pe import DebugEntry, Image, Relocation, read_image
from bpfcc.compat.image.record import SECTION, Record, read_record
from bpfcc.compat.image.signing import Verification, verify
from bpfcc.compat.image.tables import Export, Import, read_exports, read_imports
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_RELOCATIONS: Final = 1 << 17
WINDOWS: Final = "windows"
Read = TypeVar("Read")


@final
@dataclass(frozen=True, slots=True)
class Subject:
    """An image and what its tables say. Where a table cannot be read there is the reason in its place, as text."""

    image: Image
    metadata: Metadata
    record: Record | str | None
    signature: Signature | str | None
    verification: Verification | None
    relocations: tuple[Relocation, ...] | str
    debug: tuple[DebugEntry, ...] | str
    imports: tuple[Import, ...] | str
    exports: tuple[Export, ...] | str
    checksum: int
    must_be_signed: bool = False
    # Whose types of programs and maps there are: Windows', or a file with those of extensions.
    platform: str = WINDOWS


def examine(data: bytes, *, name: str, trust: Path | None = None, must_be_signed: bool = False, platform: str = WINDOWS) -> Subject:
    """Read an image. InputError where it is none, and where `trust` holds no certificates or `platform` no tables."""
    image = read_image(data, name=name)
    trusted = read_certificates(trust) if trust is not None else None
    types = map_types(platform)
    signature = _or_reason(lambda: read_signature(image))
    verification = None
    if isinstance(signature, Signature) and not signature.problems:
        # What is malformed or does not fit never gets to the tool.
        verification = verify(data, signature, trust=trusted)
    return Subject(
        image,
        read_metadata(image, map_types=types),
        _or_reason(lambda: _record(image)),
        signature,
        verification,
        _or_reason(lambda: _relocations(image)),
        _or_reason(lambda: tuple(image.debug_entries())),
        _or_reason(lambda: tuple(read_imports(image))),
        _or_reason(lambda: tuple(read_exports(image))),
        checksum(data),
        must_be_signed,
        platform,
    )


def map_types(platform: str) -> frozenset[int]:
    """The numbers of the types of maps that there are. InputError for tables of another system."""
    from bpfcc.runtime.specs import load_platform

    found = load_platform(platform)
    if found.objects != WINDOWS:
        raise InputError("these tables are not about programs for Windows", file=found.file or platform)
    return frozenset(each.number for each in found.map_types.values())


def _or_reason(read: Callable[[], Read]) -> Read | str:
    try:
        return read()
    except InputError as error:
        return error.message


def _record(image: Image) -> Record | None:
    if sum(each.name == SECTION for each in image.sections) > 1:
        raise InputError(f"there are several sections {SECTION}, and so several records")
    section = image.section(SECTION)
    return read_record(image.content(section)) if section is not None else None


def _relocations(image: Image) -> tuple[Relocation, ...]:
    found = []
    for each in image.relocations():
        found.append(each)
        if len(found) > MAX_RELOCATIONS:
            raise InputError(f"more than {MAX_RELOCATIONS} relocations")
    return tuple(found)
