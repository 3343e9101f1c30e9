"""What is different in two images that should be the same.

    differences(image, rebuilt)         [] or ["section xdp: 4 bytes differ, the first at 0x9004", …]

Signature and checksum do not count: they come after building.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from bpfcc.compat.image.checksum import unsigned
from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.record import SECTION, Record, read_record
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.compat.image.pe import Image

FIELDS: Final = ("bpfcc", "source", "object", "platform", "platform_digest", "options")
PROGRAM_FIELDS: Final = ("name", "section", "type", "attach_type", "ir", "verdict", "max_insns")
SHOWN: Final = 100
BLOCK: Final = 4096


def differences(ours: bytes, rebuilt: bytes, *, name: str = "image") -> list[str]:
    """What differs between an image and the one that was built again; [] where they are the same, byte for byte."""
    first, second = unsigned(ours), unsigned(rebuilt)
    if first == second:
        return []
    one, two = read_image(first, name=name), read_image(second, name=name)
    found = [*_records(one, two), *_sections(one, two)]
    # What is left is in the headers or between sections; they differ too where times are made of the content.
    return found or [f"the headers: {_bytes(first, second)}"]


def _records(one: Image, two: Image) -> Iterator[str]:
    first, second = (_record(each) for each in (one, two))
    if isinstance(first, Record) and isinstance(second, Record):
        yield from _fields("the record", first, second, FIELDS)
        for number, (a, b) in enumerate(zip_longest(first.programs, second.programs)):
            if a is None or b is None:
                yield f"the record: program {number} is {_shown(a and a.name)}, rebuilt {_shown(b and b.name)}"
            else:
                yield from _fields(f"the record of program {a.name}", a, b, PROGRAM_FIELDS)


def _fields(what: str, first: object, second: object, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        a, b = getattr(first, name), getattr(second, name)
        if a != b:
            yield f"{what}: {name.replace('_', ' ')} is {_shown(a)}, rebuilt {_shown(b)}"


def _shown(value: object) -> str:
    return str(value)[:SHOWN]


def _record(image: Image) -> Record | None:
    section = image.section(SECTION)
    try:
        return read_record(image.content(section)) if section is not None else None
    except InputError:
        return None


def _sections(one: Image, two: Image) -> Iterator[str]:
    names = [[each.name for each in image.sections] for image in (one, two)]
    if names[0] != names[1]:
        yield f"the sections: {', '.join(names[0])}; rebuilt {', '.join(names[1])}"
        return
    for first, second in zip(one.sections, two.sections, strict=True):
        contents = one.content(first), two.content(second)
        if contents[0] != contents[1]:
            yield f"section {first.name}: {_bytes(*contents, base=first.address)}"
        elif (first.address, first.size, first.flags) != (second.address, second.size, second.flags):
            yield f"section {first.name}: it lies elsewhere, or has other rights"


def _bytes(first: bytes, second: bytes, *, base: int = 0) -> str:
    count, place = abs(len(first) - len(second)), min(len(first), len(second))
    for start in range(0, min(len(first), len(second)), BLOCK):
        one, two = first[start : start + BLOCK], second[start : start + BLOCK]
        if one != two:
            found = [start + at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b]
            count += len(found)
            place = min([place, *found])
    where = f", the first at {base + place:#x}" if count else ""
    sizes = f" ({len(first)} and {len(second)} long)" if len(first) != len(second) else ""
    return f"{count} byte{' differs' if count == 1 else 's differ'}{where}{sizes}"
