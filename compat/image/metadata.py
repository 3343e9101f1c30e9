"""What the eBPF API of Windows finds in an image that it opens without running it: programs and maps, by their sections.

    found = read_metadata(image)
    found.programs[0].name, found.programs[0].type_guid
    found.problems                  (rule, what is wrong) for each thing that it would stumble over

It goes through the section table: `programs` is searched for the first record, in steps of 16 bytes, `maps` in steps of 8; strings have
to lie in `.rdata` or in the same section, GUIDs in `.data`, and each program needs a code section of the name that its record gives.
"""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.compat.image.program_tables import ProgramTables, read_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.compat.image.pe import Image, Section

PROGRAMS: Final = "programs"
MAPS: Final = "maps"
STRINGS: Final = ".rdata"
DATA: Final = ".data"
# version, size of the fields, size of the structure.
HEADER: Final = struct.Struct("<H6xQQ")
HEADER_VERSION: Final = 1
PROGRAM_SIZES: Final = frozenset({144, 154})
PROGRAM_MIN: Final = 144
PROGRAM: Final = struct.Struct("<Q24xQQQQ")
PROGRAM_INSNS: Final = 96
PROGRAM_GUIDS: Final = 104
MAP_SIZE: Final = 80
MAP: Final = struct.Struct("<16x24xIIII16xQ")
MAX_ENTRIES: Final = 4096
# Those that eBPF for Windows knows, up to XSKMAP; others make it refuse the module.
MAP_TYPES: Final = frozenset(range(17))
TEXT: Final = frozenset((0, *range(0x20, 0x7F)))
SECTION_NAME: Final = 8
NAME: Final = 63
GUID_BYTES: Final = 16


class Problem(NamedTuple):
    """What is wrong, and the rule that says so."""

    rule: str
    text: str


@final
@dataclass(frozen=True, slots=True)
class ProgramEntry:
    """A record of `programs`. GUIDs are None where they cannot be found. `helpers` are in the order of the table, without empty entries,
    `maps` are numbers in the module, `functions` counts those that are resolved by name; `digest` is that of the interface, in hex."""

    name: str
    section: str
    code_section: str
    type_guid: str | None
    attach_guid: str | None
    instructions: int
    helpers: tuple[int, ...] = ()
    maps: tuple[int, ...] = ()
    functions: int = 0
    digest: str | None = None


@final
@dataclass(frozen=True, slots=True)
class MapEntry:
    """A record of `maps`; `type` is Windows' number."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int


@final
@dataclass(frozen=True, slots=True)
class Metadata:
    """What was found."""

    programs: list[ProgramEntry] = field(default_factory=list)
    maps: list[MapEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    # RVAs: of each program's function; of what holds an address; of what does not, with its size.
    functions: list[int] = field(default_factory=list)
    pointers: list[tuple[int, str]] = field(default_factory=list)
    plain: list[tuple[int, int, str]] = field(default_factory=list)

    def fields(self, at: int, record: bytes, pointers: Sequence[int], what: str) -> None:
        """Note the bytes of a structure at an RVA: `pointers` are the places of 8-byte addresses in it."""
        done = 0
        for place in pointers:
            if any(record[place : place + 8]):
                self.plain.append((at + done, place - done, what))
                self.pointers.append((at + place, what))
                done = place + 8
        self.plain.append((at + done, len(record) - done, what))


def read_metadata(image: Image, *, map_types: frozenset[int] = MAP_TYPES) -> Metadata:
    """Find programs and maps as the API does, and note where it would not. `map_types`: the types of extensions, too."""
    found = Metadata()
    for name, rule in ((PROGRAMS, "programs-section"), (MAPS, "maps-section"), (STRINGS, "strings-place"), (DATA, "guid-place")):
        if (times := sum(each.name == name for each in image.sections)) > 1:
            # The API reads all of the first two, and the last of the others.
            found.problems.append(Problem(rule, f"there are {times} sections `{name}`"))
    section = image.section(PROGRAMS)
    if section is None:
        found.problems.append(Problem("programs-section", "there is no section `programs`"))
    records = _programs(image, section, found) if section is not None else []
    section = image.section(MAPS)
    if section is not None:
        _maps(image, section, found, map_types | MAP_TYPES)
    found.problems.extend(Problem("program-tables", text) for text in read_tables(image, found, records))
    return found


def _whole(image: Image, section: Section) -> bytes | None:
    """All bytes of a section, which the API takes from the file; None where the file has fewer than memory."""
    return image.bytes_at(section.address, section.size)


def _programs(image: Image, section: Section, found: Metadata) -> list[ProgramTables]:
    """Note the programs; what their records lead to."""
    content = _whole(image, section)
    if content is None:
        found.problems.append(Problem("programs-section", "`programs` is longer in memory than in the file"))
        return []
    start = 0
    while start < len(content) and (any(content[start : start + 8]) or (start and content[start - 1])):
        start += 16
    if start + PROGRAM_MIN > len(content):
        found.problems.append(Problem("programs-section", "`programs` has no record: nothing in it begins with 8 zero bytes"))
        return []
    version, size, stride = HEADER.unpack_from(content, start + 8)
    if version != HEADER_VERSION or size not in PROGRAM_SIZES or stride < size or stride > PROGRAM_MIN * 4 or stride % 8:
        text = f"the first record's header is version {version}, size {size}, total {stride}; version 1 with 144 or 154 bytes is expected"
        found.problems.append(Problem("programs-section", text))
        return []
    count, rest = divmod(len(content) - start, stride)
    if not 1 <= count <= MAX_ENTRIES:
        text = f"{count} records" if count else f"the first record, of {stride} bytes, is cut off"
        found.problems.append(Problem("programs-section", text))
        return []
    if any(content[start + count * stride :]):
        found.problems.append(Problem("programs-section", f"{rest} bytes behind the last record are not zero"))
    used: dict[int, str] = {}
    tables = []
    for number in range(count):
        record = content[start + number * stride :][:stride]
        if HEADER.unpack_from(record, 8) != (version, size, stride):
            found.problems.append(Problem("programs-section", f"record {number} has another header than the first"))
        if _program(image, section, record, number, found, used):
            tables.append(ProgramTables(len(found.programs) - 1, section.address + start + number * stride, record, size))
    return tables


def _program(image: Image, section: Section, record: bytes, number: int, found: Metadata, used: dict[int, str]) -> bool:
    """Note a program. False where there is none."""
    marker, function, *pointers = PROGRAM.unpack_from(record)
    if marker or HEADER.unpack_from(record, 8)[0] != HEADER_VERSION:
        found.problems.append(Problem("programs-section", f"record {number} does not begin with 8 zero bytes and a header of version 1"))
        return False
    texts = [_string(image, pointer, section) for pointer in pointers]
    missing = [what for what, text in zip(("PE section", "section", "program"), texts, strict=True) if text is None]
    if missing:
        places = f"in neither {STRINGS} nor `programs`"
        found.problems.append(Problem("strings-place", f"record {number}: the name of its {' and '.join(missing)} lies {places}"))
    code, elf, name = (text if text is not None else "?" for text in texts)
    guids = [_guid(image, pointer) for pointer in struct.unpack_from("<QQ", record, PROGRAM_GUIDS)]
    for what, guid in zip(("program type", "attach type"), guids, strict=True):
        if guid is None:
            found.problems.append(Problem("guid-place", f"{name}: the GUID of its {what} does not lie in {DATA}"))
    for what, text in (("program", texts[2]), ("section", texts[1])):
        if text is not None and not 1 <= len(text.encode()) <= NAME:
            found.problems.append(
                Problem("program-names", f"{name}: the name of its {what} has {len(text.encode())} bytes, not 1 to {NAME}")
            )
    if texts[0] is not None:
        found.problems.extend(_code(image, name, code, function - image.base, used))
    (insns,) = struct.unpack_from("<Q", record, PROGRAM_INSNS)
    found.programs.append(ProgramEntry(name, elf, code, guids[0], guids[1], insns))
    found.functions.append(function - image.base)
    for pointer, text in zip(pointers, texts, strict=True):
        if text is not None:
            found.plain.append((pointer - image.base, len(text.encode()) + 1, f"a name of {name}"))
    for pointer in struct.unpack_from("<QQ", record, PROGRAM_GUIDS):
        found.plain.append((pointer - image.base, GUID_BYTES, f"a GUID of {name}"))
    return True


def _code(image: Image, name: str, code: str, function: int, used: dict[int, str]) -> Iterator[Problem]:
    """What is wrong with the code section of a program."""
    size = len(code.encode())
    if not 1 <= size <= SECTION_NAME:
        yield Problem("program-names", f"{name}: the name of its code section, {code!r}, has {size} bytes, not 1 to {SECTION_NAME}")
        return
    section = image.section(code)
    if sum(each.name == code for each in image.sections) > 1:
        yield Problem("program-code", f"{name}: there are several sections {code!r}")
    if section is not None and section.code and not section.executable:
        yield Problem("program-code", f"{name}: section {code!r} cannot be run")
    if section is None or not section.code:
        yield Problem("program-code", f"{name}: " + (f"{code!r} is not marked as code" if section else f"there is no section {code!r}"))
        return
    if not section.holds(function):
        yield Problem("program-code", f"{name}: its function, at RVA {function:#x}, does not lie in section {code!r}")
    if function in used:
        yield Problem("program-code", f"{name}: its function is that of {used[function]}, too")
    if section.size > section.raw_size:
        yield Problem("program-code", f"{name}: section {code!r} is longer in memory than in the file")
    used[function] = name


def _string(image: Image, pointer: int, own: Section) -> str | None:
    address = pointer - image.base
    where = image.section_at(address)
    return image.string_at(address) if where is not None and (where.name == STRINGS or where == own) else None


def _guid(image: Image, pointer: int) -> str | None:
    address = pointer - image.base
    where = image.section_at(address)
    content = image.bytes_at(address, GUID_BYTES)
    return str(uuid.UUID(bytes_le=content)) if content is not None and where is not None and where.name == DATA else None


def _maps(image: Image, section: Section, found: Metadata, types: frozenset[int]) -> None:
    strings = image.section(STRINGS)
    ordered = strings is not None and image.sections.index(strings) < image.sections.index(section)
    if not ordered:
        found.problems.append(Problem("section-order", f"{STRINGS} does not come before `maps` in the section table"))
    content = _whole(image, section)
    if content is None:
        found.problems.append(Problem("maps-section", "`maps` is longer in memory than in the file"))
        return
    start = 0
    while start + 24 <= len(content) and (
        any(content[start : start + 16]) or (start and content[start - 1]) or not any(content[start + 16 : start + 24])
    ):
        start += 8
    count = (len(content) - start) // MAP_SIZE
    if count == 0 or count > MAX_ENTRIES:
        found.problems.append(Problem("maps-section", "`maps` has no record" if count <= 0 else f"{count} records"))
        return
    for number in range(count):
        at = start + number * MAP_SIZE
        record = content[at : at + MAP_SIZE]
        if number and any(record[:16]) and not set(content[at:]) - TEXT:
            # Long names may lie behind the records.
            return
        if any(record[:16]) or HEADER.unpack_from(record, 16) != (HEADER_VERSION, MAP_SIZE, MAP_SIZE):
            found.problems.append(Problem("maps-section", f"record {number} does not begin with 16 zero bytes and a header (1, 80, 80)"))
            return
        name = _string(image, MAP.unpack(record)[-1], section)
        if name is None and ordered:
            found.problems.append(Problem("strings-place", f"map {number}: its name lies in neither {STRINGS} nor `maps`"))
        found.problems.extend(_map(image, record, number, name, found))
        if found.maps[-1].type not in types:
            found.problems.append(Problem("maps-section", f"map {number} is of type {found.maps[-1].type}, which there is not"))
        found.fields(section.address + at, record, (MAP_SIZE - 8,), "the record of a map")


def _map(image: Image, record: bytes, number: int, name: str | None, found: Metadata) -> Iterator[Problem]:
    """Note a map, and say what is wrong with it."""
    kind, key, value, entries, pointer = MAP.unpack(record)
    found.maps.append(MapEntry(name if name is not None else "?", kind, key, value, entries))
    if not entries:
        yield Problem("maps-section", f"map {number} has no entries")
    if name is not None:
        size = len(name.encode())
        found.plain.append((pointer - image.base, size + 1, "the name of a map"))
        if not 1 <= size <= NAME:
            yield Problem("program-names", f"the name of map {number} has {size} bytes, not 1 to {NAME}")
