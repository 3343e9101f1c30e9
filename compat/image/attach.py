"""Which programs of an image are attached to their hooks when it is loaded, and why the others are not.

    [(each.program.name, each.attach, each.reason) for each in attachments(subject)]
    [("entry", True, ""), ("parse_tcp", False, "it is named in program array jumps")]

Programs that arrays name are there to be jumped to: alone on a hook they would do half of the work. Of what is left each hook gets the
first; some hooks take one program only, and which of several is meant is not for a tool to guess. What arrays hold at the start lies
somewhere in the data of the image, behind a function; it is found by its header and by the name of the map.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.compat.image.metadata import HEADER, HEADER_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.compat.image.metadata import ProgramEntry
    from bpfcc.compat.image.pe import Image
    from bpfcc.compat.image.subject import Subject

PROGRAM_ARRAY: Final = 3
# header, name of the map, how many values, where they are
VALUES: Final = struct.Struct("<24xQQQ")
VALUES_HEADER: Final = HEADER.pack(HEADER_VERSION, VALUES.size, VALUES.size)
POINTER_BYTES: Final = 8
MAX_VALUES: Final = 1 << 16
MAX_TRIES: Final = 1 << 12


class Attachment(NamedTuple):
    """A program; `reason` is why it is not attached, where that is so."""

    program: ProgramEntry
    attach: bool
    reason: str


def attachments(subject: Subject) -> list[Attachment]:
    """Every program, in its order."""
    arrays = {each.name for each in subject.metadata.maps if each.type == PROGRAM_ARRAY}
    targets: dict[str, str] = {}
    for array, name in named_programs(subject.image, arrays):
        targets.setdefault(name, array)
    taken: dict[object, str] = {}
    found = []
    for each in subject.metadata.programs:
        hook = hook_of(each)
        if each.name in targets:
            found.append(Attachment(each, False, f"it is named in program array {targets[each.name]}"))
        elif hook in taken:
            found.append(Attachment(each, False, f"{taken[hook]} has the same hook"))
        else:
            taken[hook] = each.name
            found.append(Attachment(each, True, ""))
    return found


def hook_of(program: ProgramEntry) -> object:
    """What is equal for programs of one hook."""
    known = program.type_guid is not None and program.attach_guid is not None
    return (program.type_guid, program.attach_guid) if known else program.section


def named_programs(image: Image, arrays: set[str]) -> Iterator[tuple[str, str]]:
    """(map, name) of what the arrays hold at the start."""
    left, tries = MAX_VALUES, MAX_TRIES
    for section in image.sections:
        content = b"" if section.executable else image.content(section)
        at = content.find(VALUES_HEADER)
        while at >= 0 and tries and arrays:
            tries -= 1
            name, values = _values(image, content[at : at + VALUES.size], arrays, left)
            left -= len(values)
            yield from ((name, each) for each in values if each)
            at = content.find(VALUES_HEADER, at + 1)


def _values(image: Image, record: bytes, arrays: set[str], most: int) -> tuple[str, list[str]]:
    """The map and its values; ("", []) where it is not such a record."""
    if len(record) < VALUES.size:
        return "", []
    name_at, count, values_at = VALUES.unpack(record)
    name = image.string_at(name_at - image.base)
    content = image.bytes_at(values_at - image.base, count * POINTER_BYTES) if count <= most else None
    if name is None or name not in arrays or content is None:
        return "", []
    pointers = [pointer for (pointer,) in struct.iter_unpack("<Q", content) if pointer]
    return name, [text for pointer in pointers if (text := image.string_at(pointer - image.base)) is not None]
