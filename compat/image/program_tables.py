"""What a program's record leads to: the maps and helpers that the program uses, resolved functions, and the digest of its interface.

    list(read_tables(image, found, records))          ["drop: it uses map 5 of 1"]: what rule `program-tables` says

Only the kernel reads these, and without bounds: it calls what a helper's number stands for, and takes a map by its index in the module.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.compat.image.metadata import Metadata
    from bpfcc.compat.image.pe import Image

HEADER: Final = struct.Struct("<H6xQQ")
# Where the record has its addresses, and where what is behind each is counted.
POINTERS: Final = (32, 40, 48, 56, 64, 80, 104, 112, 120, 136, 144)
MAPS: Final = (64, 72)
HELPERS: Final = (80, 88)
DIGEST: Final = (120, 128)
DIGEST_KIND: Final = 136
FUNCTIONS: Final = (144, 152)
# The records that have the last two fields.
WITH_FUNCTIONS: Final = 154
HELPER_BYTES: Final = 40
HELPER_NUMBER: Final = 24
HELPER_NAME: Final = 32
FUNCTION_BYTES: Final = 48
FUNCTION_NAME: Final = 24
MAX_DIGEST: Final = 64
MAX_ENTRIES: Final = 1 << 16


class ProgramTables(NamedTuple):
    """A record: which of the programs it is, its RVA, its bytes, and how many of them mean something."""

    number: int
    address: int
    record: bytes
    size: int

    def table(self, where: tuple[int, int], image: Image, size: str = "H") -> tuple[int, int]:
        """(RVA, count) of what it names; RVA -1 for no address."""
        (pointer,), (count,) = struct.unpack_from("<Q", self.record, where[0]), struct.unpack_from(f"<{size}", self.record, where[1])
        return pointer - image.base if pointer else -1, count


def read_tables(image: Image, found: Metadata, records: Sequence[ProgramTables]) -> Iterator[str]:
    """Follow them all, note in the programs what is there, and say what is not."""
    left = MAX_ENTRIES
    for each in records:
        size, program = min(len(each.record), each.size), found.programs[each.number]
        found.fields(each.address, each.record[:size], [at for at in POINTERS if at + 8 <= size], f"the record of {program.name}")
        left -= sum(each.table(where, image)[1] for where in (MAPS, HELPERS, *((FUNCTIONS,) if size >= WITH_FUNCTIONS else ())))
        if left < 0:
            yield f"{program.name}: more than {MAX_ENTRIES} maps, helpers and functions are named"
            return
        for check in (_maps, _helpers, _functions, _digest):
            yield from (f"{program.name}: {text}" for text in check(image, each, found))


def _note(found: Metadata, program: ProgramTables, **fields: object) -> None:
    changes: Any = fields
    found.programs[program.number] = replace(found.programs[program.number], **changes)


def _missing(address: int, count: int, what: str) -> str:
    """An address without a count, or a count without an address, or neither is there."""
    return f"{count} {what} at " + (f"RVA {address:#x}" if address != -1 else "no address")


def _maps(image: Image, program: ProgramTables, found: Metadata) -> Iterator[str]:
    address, count = program.table(MAPS, image)
    if not count and address == -1:
        return
    content = image.bytes_at(address, 2 * count) if count else None
    if content is None:
        yield _missing(address, count, "maps")
        return
    found.plain.append((address, 2 * count, f"the maps of {found.programs[program.number].name}"))
    numbers = struct.unpack(f"<{count}H", content)
    _note(found, program, maps=numbers)
    if max(numbers) >= len(found.maps):
        yield f"it uses map {max(numbers)} of {len(found.maps)}"


def _helpers(image: Image, program: ProgramTables, found: Metadata) -> Iterator[str]:
    address, count = program.table(HELPERS, image)
    if not count and address == -1:
        return
    content = image.bytes_at(address, HELPER_BYTES * count) if count else None
    if content is None:
        yield _missing(address, count, "helpers")
        return
    numbers = [int.from_bytes(content[at : at + 4], "little") for at in range(HELPER_NUMBER, len(content), HELPER_BYTES)]
    _note(found, program, helpers=tuple(number for number in numbers if number))
    for at in range(0, len(content), HELPER_BYTES):
        entry = content[at : at + HELPER_BYTES]
        if HEADER.unpack_from(entry) != (1, HELPER_BYTES, HELPER_BYTES):
            yield f"helper {at // HELPER_BYTES} does not begin with a header (1, {HELPER_BYTES}, {HELPER_BYTES})"
            return
        found.fields(address + at, entry, (HELPER_NAME,), f"a helper of {found.programs[program.number].name}")
        name = int.from_bytes(entry[HELPER_NAME:], "little")
        # An entry without number and name stands for a helper that another program of the module has.
        if name and image.string_at(name - image.base) is None:
            yield f"the name of helper {at // HELPER_BYTES} is not in the file"


def _functions(image: Image, program: ProgramTables, found: Metadata) -> Iterator[str]:
    """Functions that are resolved by name when the image is loaded."""
    if program.size < WITH_FUNCTIONS:
        return
    address, count = program.table(FUNCTIONS, image)
    if not count and address == -1:
        return
    content = image.bytes_at(address, FUNCTION_BYTES * count) if count else None
    if content is None:
        yield _missing(address, count, "resolved functions")
        return
    _note(found, program, functions=count)
    for at in range(0, len(content), FUNCTION_BYTES):
        entry = content[at : at + FUNCTION_BYTES]
        found.fields(address + at, entry, (FUNCTION_NAME,), f"a resolved function of {found.programs[program.number].name}")
        name = int.from_bytes(entry[FUNCTION_NAME : FUNCTION_NAME + 8], "little")
        if HEADER.unpack_from(entry) != (1, FUNCTION_BYTES, FUNCTION_BYTES) or image.string_at(name - image.base) is None:
            yield f"resolved function {at // FUNCTION_BYTES} has no header or name"
            return


def _digest(image: Image, program: ProgramTables, found: Metadata) -> Iterator[str]:
    """Of the interface that it was verified for; without one the kernel does not compare."""
    address, size = program.table(DIGEST, image, "Q")
    (kind,) = struct.unpack_from("<Q", program.record, DIGEST_KIND)
    if not size and address == -1:
        return
    content = image.bytes_at(address, size) if 0 < size <= MAX_DIGEST else None
    if content is None:
        yield _missing(address, size, "bytes of digest")
        return
    _note(found, program, digest=content.hex())
    found.plain.append((address, size, f"the digest of {found.programs[program.number].name}"))
    if not kind or not image.string_at(kind - image.base):
        yield "its digest is of no known kind"
