"""Ways to make an image that looks right and is not: each is a rule, flags of the compiler, and a change.

rule, flags, change = ATTACKS["a gap in memory"]
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from bpfcc.compat.image.pe import CODE, DISCARDABLE, EXECUTE, READ, SHARED
from tests.image_harness import Pen

Change = Callable[[Pen], object]
EXPORTS, RESOURCES, EXCEPTIONS, TLS, LOAD, BOUND, IAT, DELAY, MANAGED = 0, 2, 3, 9, 10, 11, 12, 13, 14


def directory(number: int, address: int | None, size: int | None = None) -> Change:
    """Set a row of the directory; None leaves what there is."""

    def change(pen: Pen) -> None:
        if address is not None:
            pen.put(pen.directory(number), address)
        if size is not None:
            pen.put(pen.directory(number) + 4, size)

    return change


def swapped_rows(pen: Pen) -> None:
    """Sections out of the order of their addresses."""
    first, second = pen.row(".rdata"), pen.row(".data")
    pen.data[first : first + 40], pen.data[second : second + 40] = pen.data[second : second + 40], pen.data[first : first + 40]


def last_moved(pen: Pen) -> None:
    """The last section a page further."""
    row = pen.rows + 40 * (len(pen.image.sections) - 1)
    address = pen.get(row + 12) + 0x1000
    pen.put(row + 12, address)
    pen.put(pen.directory(5), address)
    pen.put(pen.optional + 56, pen.get(pen.optional + 56) + 0x1000)


def longer_optional_header(pen: Pen) -> None:
    """With the section table 8 bytes further on."""
    size = 40 * len(pen.image.sections)
    pen.data[pen.rows + 8 : pen.rows + 8 + size] = pen.data[pen.rows : pen.rows + size]
    pen.put(pen.optional - 4, 248, 2)


def more_in_file(pen: Pen) -> None:
    """A section of a page in memory that has more than a page in the file."""
    pen.put(pen.row(".reloc") + 16, 0x1200)
    pen.data += bytes(pen.at(".reloc") + 0x1200 - len(pen.data))


def empty_section(pen: Pen) -> None:
    """A row without size in memory or file, at the end of the table."""
    end = pen.rows + 40 * len(pen.image.sections)
    pen.data[end : end + 40] = struct.pack("<8sIIII12xI", b"empty", 0, pen.get(pen.optional + 56), 0, 0, READ | CODE)
    pen.put(pen.optional - 18, len(pen.image.sections) + 1, 2)


def odd_offset(pen: Pen) -> None:
    """Windows rounds it down: it would load other bytes."""
    row = pen.row(".pdata")
    pen.clear(EXCEPTIONS)
    pen.put(row + 20, pen.get(row + 20) + 8)
    pen.put(row + 16, pen.get(row + 16) - 8)


def thunks_in_code(pen: Pen) -> None:
    """The loader writes addresses into code, whatever the directory of the import address table says."""
    at = pen.image.directory("import").address
    section = pen.image.section_at(at)
    assert section is not None
    descriptor = section.offset + at - section.address
    thunks = pen.get(descriptor + 16)
    where = pen.image.section_at(thunks)
    assert where is not None
    names = pen.data[where.offset + thunks - where.address :][:16]
    pen.data[pen.at("xdp", 0x100) : pen.at("xdp", 0x110)] = names
    pen.put(pen.row("xdp") + 8, 0x200)
    pen.put(descriptor + 16, pen.address("xdp") + 0x100)


def import_descriptor(offset: int, value: int) -> Change:
    def change(pen: Pen) -> None:
        at = pen.image.directory("import").address
        section = pen.image.section_at(at)
        assert section is not None
        pen.put(section.offset + at - section.address + offset, value)

    return change


def record(offset: int, value: int | Callable[[Pen], int], size: int = 8, *, moved: bool = False) -> Change:
    """Set a field of the record of the program; `moved`: with a relocation, as an address has."""

    def change(pen: Pen) -> None:
        pen.put(pen.at("programs", offset), value if isinstance(value, int) else value(pen), size)
        if moved:
            pen.relocate(pen.address("programs") + offset)

    return change


def both(*changes: Change) -> Change:
    def change(pen: Pen) -> None:
        for each in changes:
            each(pen)

    return change


def in_data(offset: int) -> Callable[[Pen], int]:
    """An address in the padding of `.data`, which counts as part of it."""
    return lambda pen: pen.image.base + pen.address(".data") + offset


def data_bytes(offset: int, content: bytes) -> Change:
    def change(pen: Pen) -> None:
        at = pen.at(".data", offset)
        pen.data[at : at + len(content)] = content
        pen.put(pen.row(".data") + 8, 0x200)

    return change


def no_relocation(of: str, offset: int) -> Change:
    """One relocation taken out."""

    def change(pen: Pen) -> None:
        wanted = pen.address(of) + offset
        at, end = pen.at(".reloc"), pen.at(".reloc", pen.get(pen.directory(5) + 4))
        while at < end:
            page, size = pen.get(at), pen.get(at + 4)
            for entry in range(at + 8, at + size, 2):
                if page + (pen.get(entry, 2) & 0xFFF) == wanted and pen.get(entry, 2) >> 12:
                    pen.put(entry, 0, 2)
                    return
            at += size
        raise AssertionError("no such relocation")

    return change


def relocated(name: str, offset: int) -> Change:
    return lambda pen: pen.relocate(pen.address(name) + offset)


def guarded(*fields: tuple[int, int | Callable[[Pen], int]]) -> Change:
    """A load configuration in `.data`, with fields of it."""

    def change(pen: Pen) -> None:
        data_bytes(0x100, struct.pack("<I", 0xA0).ljust(0xA0, b"\0"))(pen)
        for offset, value in fields:
            pen.put(pen.at(".data", 0x100 + offset), value if isinstance(value, int) else value(pen), 8)
            if offset in (0x58, 0x70, 0x78, 0x80):
                pen.relocate(pen.address(".data") + 0x100 + offset)
        directory(LOAD, pen.address(".data") + 0x100, 0xA0)(pen)

    return change


HELPER: Final = struct.pack("<HxxxxxxQQIxxxxQ", 1, 40, 40, 1, 0)
ATTACKS: Final[dict[str, tuple[str, tuple[str, ...], Change]]] = {
    # ---- headers
    "directories cut off": ("headers", (), lambda pen: pen.put(pen.optional + 108, 13)),
    "a longer optional header": ("headers", (), longer_optional_header),
    "another version of Windows": ("headers", (), lambda pen: pen.put(pen.optional + 52, 1)),
    "headers that are said to be short": ("headers", (), lambda pen: pen.put(pen.optional + 60, 0x100)),
    "flags for the loader": ("headers", (), lambda pen: pen.put(pen.optional + 104, 7)),
    "not marked as linked": ("headers", (), lambda pen: pen.put(pen.optional - 2, pen.get(pen.optional - 2, 2) & ~2, 2)),
    "managed code": ("headers", (), directory(MANAGED, 0x2000, 72)),
    "managed code without a size": ("headers", (), directory(MANAGED, 0x2000, 0)),
    "below two gigabytes": ("high-entropy-va", (), lambda pen: pen.put(pen.optional - 2, pen.get(pen.optional - 2, 2) & ~0x20, 2)),
    "a directory nowhere": ("headers", (), directory(RESOURCES, 0x70_0000, 64)),
    "a directory without end": ("headers", (), directory(RESOURCES, 0x2000, 0x70_0000)),
    "relocations of objects": ("headers", (), lambda pen: pen.put(pen.row("xdp") + 24, 0x400)),
    "for a Windows to come": ("subsystem", (), lambda pen: pen.put(pen.optional + 48, 11, 2)),
    # ---- sections
    "rows out of order": ("section-alignment", (), swapped_rows),
    "a gap in memory": ("section-alignment", (), last_moved),
    "an image larger than its sections": ("section-alignment", (), lambda pen: pen.put(pen.optional + 56, 0x40_0000)),
    "aligned to half of what is said": ("section-alignment", (), lambda pen: pen.put(pen.optional + 32, 0x2000)),
    "bytes at an odd offset": ("file-layout", (), odd_offset),
    "more in the file than in memory": ("file-layout", (), more_in_file),
    "a section without a size": ("section-alignment", (), empty_section),
    # ---- what runs, and what stays
    "functions of threads": ("entry-point", (), directory(TLS, 0x2000, 40)),
    "functions of threads without a size": ("entry-point", (), directory(TLS, 0x2000, 0)),
    "a program that is thrown away": ("resident", (), lambda pen: pen.flags("xdp", on=DISCARDABLE)),
    "data that is thrown away": ("resident", (), lambda pen: pen.flags(".data", on=DISCARDABLE)),
    "records that are shared": ("resident", (), lambda pen: pen.flags("programs", on=SHARED)),
    "names that cannot be read": ("resident", (), lambda pen: pen.flags(".rdata", off=READ)),
    "a program that may be paged out": ("resident", ('-DCODE="PAGE"',), lambda pen: pen.rename("xdp", "PAGE")),
    "code that cannot be run": ("program-code", (), lambda pen: pen.flags("xdp", off=EXECUTE)),
    "data that can be run": ("wx-section", (), lambda pen: pen.flags(".bpfcc", on=EXECUTE)),
    "functions out of order": ("unwinding", (), lambda pen: pen.put(pen.at(".pdata"), pen.address("xdp") + 8)),
    "functions in data": ("unwinding", (), lambda pen: pen.put(pen.at(".pdata"), pen.address(".bpfcc"))),
    "functions without end": ("unwinding", (), lambda pen: pen.put(pen.at(".pdata", 4), 0x7000_0000)),
    "functions that nothing describes": ("unwinding", (), lambda pen: pen.put(pen.at(".pdata", 8), 0x7000_0000)),
    "half a function": ("unwinding", (), lambda pen: pen.put(pen.directory(EXCEPTIONS) + 4, 13)),
    # ---- imports and exports
    "addresses are written into code": ("writable-code", (), thunks_in_code),
    "bound imports": ("imports", (), directory(BOUND, 0x2000, 16)),
    "imports bound by their time": ("imports", (), import_descriptor(4, 0x6500_0000)),
    "half a library": ("imports", (), import_descriptor(16, 0)),
    "imports that lead nowhere": ("imports", (), import_descriptor(0, 0x7000_0000)),
    "addresses are written elsewhere": ("writable-code", (), lambda pen: pen.put(pen.directory(IAT) + 4, 4)),
    "delayed without a size": ("imports", (), directory(DELAY, 0x2000, 0)),
    "exports without a size": ("exports", (), directory(EXPORTS, 0x2000, 0)),
    # ---- relocations
    "moved twice": ("relocation-kind", (), relocated("programs", 32)),
    "moved at the end": ("relocation-kind", (), lambda pen: pen.relocate(pen.address(".bpfcc") + pen.get(pen.row(".bpfcc") + 8) - 4)),
    "half a block of relocations": ("relocation-kind", (), lambda pen: pen.put(pen.directory(5) + 4, pen.get(pen.directory(5) + 4) + 4)),
    "an address that stays": ("addresses", (), no_relocation("programs", 32)),
    "a map's name that stays": ("addresses", (), no_relocation("maps", 72)),
    "a number that is moved": ("addresses", (), relocated("programs", 96)),
    "a map's sizes that are moved": ("addresses", (), relocated("maps", 44)),
    "a null that is moved": ("addresses", (), relocated("programs", 64)),
    "a GUID that is moved": ("addresses", (), lambda pen: pen.relocate(pen.get(pen.at("programs", 104), 8) - pen.image.base + 4)),
    "no relocations at all": ("addresses", (), directory(5, 0, 0)),
    # ---- records
    "maps that are not there": ("program-tables", (), both(record(64, 0x7000_0000), record(72, 1, 2), relocated("programs", 64))),
    "maps without a place": ("program-tables", (), record(72, 3, 2)),
    "a map of another module": (
        "program-tables", (), both(data_bytes(0x180, b"\5\0"), record(64, in_data(0x180), moved=True), record(72, 1, 2)),
    ),
    "helpers without a place": ("program-tables", (), record(88, 3, 2)),
    "helpers without a count": ("program-tables", (), record(80, in_data(0x100), moved=True)),
    "helpers that are not there": ("program-tables", (), both(record(80, 0x7000_0000, moved=True), record(88, 0xFFFF, 2))),
    "helpers without headers": ("program-tables", (), both(record(80, in_data(0x100), moved=True), record(88, 1, 2))),
    "a helper's name is not there": (
        "program-tables", (),
        both(
            data_bytes(0x100, HELPER[:32] + struct.pack("<Q", 0x6666_0000)), record(80, in_data(0x100), moved=True), record(88, 1, 2),
            relocated(".data", 0x120),
        ),
    ),
    "a digest that is not there": ("program-tables", (), both(record(120, 0x7000_0000, moved=True), record(128, 32))),
    "a digest without end": ("program-tables", (), both(record(120, in_data(0), moved=True), record(128, 1 << 40))),
    "a map of no type": ("maps-section", (), lambda pen: pen.put(pen.at("maps", 40), 77)),
    "a map without entries": ("maps-section", (), lambda pen: pen.put(pen.at("maps", 52), 0)),
    "a second section of programs": ("programs-section", (), lambda pen: pen.rename(".bpfcc", "programs")),
    "a second section of maps": ("maps-section", (), lambda pen: pen.rename(".bpfcc", "maps\0.x")),
    "a second section of names": ("strings-place", (), lambda pen: pen.rename(".bpfcc", ".rdata")),
    "a second section of data": ("guid-place", (), lambda pen: pen.rename(".bpfcc", ".data")),
    "a second section of code": ("program-code", (), lambda pen: pen.rename(".bpfcc", "xdp\0y")),
    "a record of odd length": ("programs-section", (), both(record(24, 154), lambda pen: pen.put(pen.row("programs") + 8, 154))),
    # ---- guards
    "guards of no size": ("load-config", (), directory(LOAD, 0x2000, 320)),
    "guards nowhere": ("load-config", (), directory(LOAD, 0x70_0000, 320)),
    "a cookie nowhere": ("load-config", (), guarded((0x58, 0x6666_0000))),
    "a cookie in names": ("load-config", (), guarded((0x58, lambda pen: pen.image.base + pen.address(".rdata")))),
    "a check that is written into code": ("load-config", (), guarded((0x70, lambda pen: pen.image.base + pen.address("xdp")))),
    "a table of guards nowhere": ("load-config", (), guarded((0x80, 0x6666_0000), (0x88, 4))),
    "a table of guards without end": ("load-config", (), guarded((0x80, in_data(0)), (0x88, 1 << 60))),
    "a guarded function in data": (
        "load-config", (), guarded((0x80, in_data(0x1A0)), (0x88, 1)),
    ),
    "places in code that are changed": ("load-config", (), guarded((0x28, 0x6666_0000))),
    # ---- where it comes from
    "a debug entry outside": ("deterministic", (), lambda pen: pen.put(pen.at(".buildid", 24), 0x7000_0000)),
    "a debug entry in two places": (
        "deterministic", (),
        both(lambda pen: pen.put(pen.at(".buildid", 16), 4), lambda pen: pen.put(pen.at(".buildid", 20), pen.address("xdp"))),
    ),
    "two times": ("deterministic", (), lambda pen: pen.put(pen.optional - 16, 0x6500_0000)),
    "half a debug entry": ("deterministic", (), lambda pen: pen.put(pen.directory(6) + 4, pen.get(pen.directory(6) + 4) + 1)),
    "two records": ("record-valid", (), lambda pen: pen.rename(".pdata", ".bpfcc")),
}  # fmt: skip
