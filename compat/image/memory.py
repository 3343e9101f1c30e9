"""Checks of an image in memory: what stays there, what is relocated, and what guards calls. rules.py names them.

list(resident(subject))        ["section .data is thrown away once the driver has started, and programs need it"]
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bpfcc.compat.image.pe import DISCARDABLE, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.compat.image.pe import Image
    from bpfcc.compat.image.subject import Subject

ADDRESS_BYTES: Final = 8
# What eBPF for Windows reads, and the data and strings that its records lead to.
READ_LATER: Final = frozenset({"programs", "maps", "hash", ".data", ".rdata"})
# The kernel pages these out, which programs at a raised interrupt level do not survive.
PAGED: Final = ("PAGE", ".edata")
# Of the load configuration: where its size, cookie, lock prefixes, guard pointers and tables are.
CONFIG_MIN: Final = 0x70
CONFIG_FULL: Final = 0x140
LOCK_PREFIXES: Final = 0x28
COOKIE: Final = 0x58
GUARD_POINTERS: Final = (0x70, 0x78)
GUARD_TABLES: Final = {"functions": 0x80, "imports": 0xA0, "jumps": 0xB0}
GUARD_FLAGS: Final = 0x90
HYBRID: Final = 0xC8
STRIDE_SHIFT: Final = 28
UNWIND_WORDS: Final = {"x86_64": 3, "arm64": 2}
MAX_GUARDED: Final = 1 << 16


def needed(subject: Subject) -> Iterator[tuple[int, str]]:
    """(RVA, what is there) of what has to be in memory for as long as programs are."""
    for program, function in zip(subject.metadata.programs, subject.metadata.functions, strict=True):
        yield function, f"the code of {program.name}"
    if not isinstance(subject.imports, str):
        for each in subject.imports:
            yield each.slot, f"the address of {each.function}"
    if subject.image.directory("load_config").size:
        yield subject.image.directory("load_config").address, "the load configuration"
    for section in subject.image.sections:
        if section.name in READ_LATER:
            yield section.address, "what records consist of"


def resident(subject: Subject) -> Iterator[str]:
    """Not discarded, not paged out, readable, and of one process."""
    image, why = subject.image, dict[str, str]()
    for address, what in needed(subject):
        where = image.section_at(address)
        if where is not None:
            why.setdefault(where.name, what)
    for section in image.sections:
        if section.flags & SHARED:
            yield f"section {section.name} is shared between processes, which can write it for each other"
        held = why.get(section.name)
        if held is None:
            continue
        if section.flags & DISCARDABLE:
            yield f"section {section.name}, {held}, is thrown away once the image is loaded"
        if section.name.startswith(PAGED) and image.kind == "sys":
            yield f"section {section.name}, {held}, may be paged out"
        if not section.readable:
            yield f"section {section.name}, {held}, cannot be read"


def addresses(subject: Subject) -> Iterator[str]:
    """What records hold is moved with the image where it is an address, and only there."""
    if isinstance(subject.relocations, str):
        return
    moved = sorted(each.address for each in subject.relocations)
    known = set(moved)
    for address, what in subject.metadata.pointers:
        if address not in known:
            yield f"{what}, at RVA {address:#x}, is an address that no relocation moves"
    for address, size, what in subject.metadata.plain:
        at = bisect_left(moved, address - ADDRESS_BYTES + 1)
        if at < len(moved) and moved[at] < address + size:
            yield f"{what}, at RVA {address:#x}, is no address, and a relocation changes it"


def load_config(subject: Subject) -> Iterator[str]:
    """Where there is a load configuration: its size, and where its tables are."""
    image = subject.image
    where = image.directory("load_config")
    if not any(where):
        return
    size = int.from_bytes(image.bytes_at(where.address, 4) or b"", "little")
    data = image.bytes_at(where.address, size) if size else None
    if data is None or size < CONFIG_MIN or where.size not in (size, CONFIG_MIN):
        yield f"it is said to have {where.size} bytes at RVA {where.address:#x}, and itself says {size}"
        return
    data = data.ljust(CONFIG_FULL, b"\0")
    yield from _pointers(subject, data, where.address)
    for name, at in GUARD_TABLES.items():
        yield from _table(image, name, data, at)


def guarded_functions(image: Image) -> int:
    """How many functions the load configuration says may be called through pointers."""
    found = image.bytes_at(image.directory("load_config").address, GUARD_FLAGS + 4)
    at = GUARD_TABLES["functions"]
    return int.from_bytes(found[at + ADDRESS_BYTES : at + 2 * ADDRESS_BYTES], "little") if found is not None and any(found[at:]) else 0


def _pointers(subject: Subject, data: bytes, base: int) -> Iterator[str]:
    """Places that the loader writes to, or reads functions from: in data, and moved with the image."""
    image = subject.image
    moved = set() if isinstance(subject.relocations, str) else {each.address for each in subject.relocations}
    for at, what in ((COOKIE, "the cookie"), *((at, "a check of calls") for at in GUARD_POINTERS)):
        value = int.from_bytes(data[at : at + ADDRESS_BYTES], "little")
        section = image.section_at(value - image.base) if value else None
        if value and (section is None or section.executable or section.end < value - image.base + ADDRESS_BYTES):
            yield f"{what}, at {value:#x}, does not lie in data"
        elif value and at == COOKIE and section is not None and not section.writable:
            yield f"{what}, at {value:#x}, cannot be written"
    for at in (COOKIE, *GUARD_POINTERS, *GUARD_TABLES.values()):
        if any(data[at : at + ADDRESS_BYTES]) and base + at not in moved:
            yield f"no relocation moves what it has at {at:#x}"
    if any(data[LOCK_PREFIXES : LOCK_PREFIXES + ADDRESS_BYTES]):
        yield "it names places in code that the loader changes (lock prefixes)"
    if any(data[HYBRID : HYBRID + ADDRESS_BYTES]):
        yield "it is an image for two processors"


def _table(image: Image, name: str, data: bytes, at: int) -> Iterator[str]:
    """A guard table: in the file, in order, each a place in code (or, of imports, in data)."""
    start, count = struct.unpack_from("<QQ", data, at)
    stride = 4 + (int.from_bytes(data[GUARD_FLAGS : GUARD_FLAGS + 4], "little") >> STRIDE_SHIFT)
    if not start and not count:
        return
    content = image.bytes_at(start - image.base, stride * count) if 0 < count <= MAX_GUARDED else None
    if content is None:
        if count:
            yield f"the table of {name}, {count} at {start:#x}, is not in the file"
        return
    places = [int.from_bytes(content[each : each + 4], "little") for each in range(0, len(content), stride)]
    if any(first >= second for first, second in pairwise(places)):
        yield f"the table of {name} is not in order"
    for place in places:
        section = image.section_at(place)
        if section is None or section.executable != (name != "imports"):
            yield f"the table of {name} names RVA {place:#x}, which is {'no code' if name != 'imports' else 'no data'}"
            return


def unwinding(subject: Subject) -> Iterator[str]:
    """The exception directory: functions in order, in code, and what says how to leave them."""
    image = subject.image
    where = image.directory("exception")
    words = UNWIND_WORDS.get(image.architecture, 3)
    content = image.bytes_at(where.address, where.size) if where.size else b""
    if content is None:
        return  # rule `headers` says so
    if where.size % (4 * words):
        yield f"it has {where.size} bytes, and entries of {4 * words}"
        return
    rows = list(struct.iter_unpack(f"<{words}I", content))
    last = 0
    for row in rows:
        section = image.section_at(row[0])
        if row[0] < last or section is None or not (section.executable or section.code):
            yield f"RVA {row[0]:#x} is " + ("out of order" if row[0] < last else "no code")
            return
        last = row[0] + 1
        # On arm64 the second word may hold the description itself.
        info = row[-1] if words > 2 or not row[1] & 3 else 0
        if (words > 2 and not row[0] < row[1] <= section.end) or (info and image.offset_of(info & ~1, 4) is None):
            yield f"the function at RVA {row[0]:#x} ends, or is described, where nothing is"
            return
