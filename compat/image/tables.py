"""Imports and exports of an image, read as Windows reads them: the sizes in the directory do not end these tables, empty entries do.

    [each.function for each in read_imports(image)]         ["NmrRegisterClient", …]
    next(read_exports(image)).address                       the RVA of get_metadata_table

InputError where a table is malformed: then it is for a rule to say so, and nothing in it counts as read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.compat.image.pe import Image

MAX_NAMES: Final = 4096
SLOT_BYTES: Final = 8
# names, time, forwarders, library, slots
IMPORT: Final = struct.Struct("<IIIII")
# time, base, functions, names, and where functions, names and numbers are
EXPORT: Final = struct.Struct("<4xI8xIIIIII")
BY_NUMBER: Final = 1 << 63


class Import(NamedTuple):
    """A function of a library, "#7" by number. `slot`: the RVA that its address is written to. `bound`: a tool has written it already."""

    library: str
    function: str
    slot: int
    bound: bool = False


class Export(NamedTuple):
    """`name` is "#7" without one. `forwarded`: it stands for a function of another library."""

    name: str
    address: int
    forwarded: bool = False


def read_imports(image: Image) -> Iterator[Import]:
    """Every function. A library that is only named gives one without a name."""
    at, count = image.directory("import").address, 0
    while at:
        names, time, _, library, slots = IMPORT.unpack(_bytes(image, at, IMPORT.size, "import"))
        if not library and not slots:
            return
        if not library or not slots:
            raise InputError(f"the import descriptor at RVA {at:#x} is only half there", file=image.name)
        called, number = _text(image, library, "import"), 0
        for number, function in enumerate(_functions(image, names or slots)):
            count += 1
            if count > MAX_NAMES:
                raise InputError(f"more than {MAX_NAMES} imports", file=image.name)
            yield Import(called, function, slots + SLOT_BYTES * number, time != 0)
        if not number and not _word(image, names or slots):
            count += 1
            yield Import(called, "", slots, time != 0)
        at += IMPORT.size


def _functions(image: Image, at: int) -> Iterator[str]:
    while entry := _word(image, at):
        yield f"#{entry & 0xFFFF}" if entry & BY_NUMBER else _text(image, (entry & 0x7FFF_FFFF) + 2, "import")
        at += SLOT_BYTES


def read_exports(image: Image) -> Iterator[Export]:
    """Every function, by number where it has no name."""
    where = image.directory("export")
    if not where.address:
        return
    _, base, functions, names, functions_at, names_at, numbers_at = EXPORT.unpack(_bytes(image, where.address, 40, "export"))
    if max(functions, names) > MAX_NAMES:
        raise InputError(f"more than {MAX_NAMES} exports", file=image.name)
    addresses = struct.unpack(f"<{functions}I", _bytes(image, functions_at, 4 * functions, "export"))
    called = struct.unpack(f"<{names}I", _bytes(image, names_at, 4 * names, "export"))
    numbers = struct.unpack(f"<{names}H", _bytes(image, numbers_at, 2 * names, "export"))
    named = set()
    for name, number in zip(called, numbers, strict=True):
        if number >= functions:
            raise InputError(f"an exported name stands for function {number} of {functions}", file=image.name)
        named.add(number)
        yield _export(_text(image, name, "export"), addresses[number], where)
    for number, address in enumerate(addresses):
        if address and number not in named:
            yield _export(f"#{base + number}", address, where)


def _export(name: str, address: int, where: tuple[int, int]) -> Export:
    # What lies in the table itself is text: the function that it is forwarded to.
    return Export(name, address, where[0] <= address < where[0] + where[1])


def _bytes(image: Image, at: int, size: int, what: str) -> bytes:
    found = image.bytes_at(at, size) if size else b""
    if found is None:
        raise InputError(f"the {what} table leads to RVA {at:#x}, which the file does not have", file=image.name)
    return found


def _word(image: Image, at: int) -> int:
    return int.from_bytes(_bytes(image, at, SLOT_BYTES, "import"), "little")


def _text(image: Image, at: int, what: str) -> str:
    found = image.string_at(at)
    if found is None:
        raise InputError(f"the {what} table names something at RVA {at:#x}, where no text is", file=image.name)
    return found
