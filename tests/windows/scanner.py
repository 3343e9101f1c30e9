"""Reads an image as the user-mode API of eBPF for Windows does, without running it: programs and maps by the sections they lie in.

found = scan(image)
found.programs[0].name, found.programs[0].pe_section, found.maps[0].name
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import pefile

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM_STEP: Final = 16
MAP_STEP: Final = 8
# Through the kind of digest, or through the number of resolved functions; and the whole of the newest.
PROGRAM_SIZES: Final = (144, 154)
PROGRAM_BYTES: Final = 160
CODE: Final = 0x20


class ScannedProgram(NamedTuple):
    """What a program's record says."""

    name: str
    section: str
    pe_section: str
    type: UUID
    attach_type: UUID
    helpers: tuple[int, ...]
    maps: tuple[int, ...]
    hash: bytes
    instructions: int


class ScannedMap(NamedTuple):
    """What a map's record says."""

    name: str
    definition: tuple[int, ...]


class Scan(NamedTuple):
    """An image, as the scanner sees it."""

    programs: list[ScannedProgram]
    maps: list[ScannedMap]


class ScanError(Exception):
    """The scanner would not find it."""


class Image:
    """Sections by name, and addresses in them."""

    def __init__(self, data: bytes) -> None:
        self.pe = pefile.PE(data=data)
        self.base = int(self.pe.OPTIONAL_HEADER.ImageBase)
        self.names = [section.Name.rstrip(b"\0").decode() for section in self.pe.sections]

    def contents(self, name: str) -> bytes:
        """A section as it is in memory."""
        section = self.pe.sections[self.names.index(name)]
        return bytes(section.get_data())[: section.Misc_VirtualSize].ljust(section.Misc_VirtualSize, b"\0")

    def at(self, address: int, size: int, *where: str) -> bytes:
        """Bytes at an address that has to lie in one of these sections."""
        for name in where:
            section = self.pe.sections[self.names.index(name)]
            start = address - self.base - section.VirtualAddress
            if start >= 0 and start + size <= section.Misc_VirtualSize:
                return self.contents(name)[start : start + size]
        raise ScanError(f"{address:#x} is not in {', '.join(where)}")

    def text(self, address: int, *where: str) -> str:
        """A string likewise."""
        for name in where:
            section = self.pe.sections[self.names.index(name)]
            start = address - self.base - section.VirtualAddress
            if 0 <= start < section.Misc_VirtualSize:
                return self.contents(name)[start:].split(b"\0", 1)[0].decode()
        raise ScanError(f"the text at {address:#x} is not in {', '.join(where)}")

    def is_code(self, name: str) -> bool:
        """Whether there is such a section, of code."""
        return name in self.names and bool(self.pe.sections[self.names.index(name)].Characteristics & CODE)


def scan(data: bytes) -> Scan:
    """ScanError where something lies elsewhere than the scanner looks."""
    image = Image(data)
    if "maps" in image.names and image.names.index(".rdata") > image.names.index("maps"):
        raise ScanError(".rdata comes behind maps")
    return Scan(list(programs(image)), list(maps(image)) if "maps" in image.names else [])


def programs(image: Image) -> Iterator[ScannedProgram]:
    """Records in `programs`, from the first eight zero bytes on; how long they are, the first one says."""
    contents = image.contents("programs")
    start = next(at for at in range(0, len(contents), PROGRAM_STEP) if not any(contents[at : at + 8]))
    _, size, total = struct.unpack_from("<HxxxxxxQQ", contents, start + 8)
    if size not in PROGRAM_SIZES or total < size:
        raise ScanError(f"records of {size} bytes, {total} apart")
    for at in range(start, len(contents) - (len(contents) - start) % total, total):
        # As the API copies them: what a shorter record does not have is zero.
        yield program(image, contents[at : at + min(total, PROGRAM_BYTES)].ljust(PROGRAM_BYTES, b"\0"), size, total)


def program(image: Image, record: bytes, size: int, total: int) -> ScannedProgram:
    """What a record says. ScanError where it leads elsewhere than the API looks."""
    words = struct.unpack_from("<Q HxxxxxxQQ QQQQ QHxxxxxx QHxxxxxx QQQ QQQ QHxxxxxx", record)
    zero, version, own_size, own_total, _, pe_section, section, name, indices, map_count, helpers, helper_count = words[:12]
    count, kind, attach, digest, digest_bytes, digest_type, functions, function_count = words[12:]
    assert (zero, version, own_size, own_total, functions, function_count) == (0, 1, size, total, 0, 0)
    strings = (".rdata", "programs")
    pe_name = image.text(pe_section, *strings)
    if len(pe_name) > 8 or not image.is_code(pe_name):
        raise ScanError(f"no section of code {pe_name!r}")
    assert image.text(digest_type, *strings) == "SHA256"
    ids = [struct.unpack_from("<I", image.at(helpers + 40 * each, 40, ".data"), 24)[0] for each in range(helper_count)]
    return ScannedProgram(
        image.text(name, *strings), image.text(section, *strings), pe_name, UUID(bytes_le=image.at(kind, 16, ".data")),
        UUID(bytes_le=image.at(attach, 16, ".data")), tuple(ids),
        struct.unpack(f"<{map_count}H", image.at(indices, 2 * map_count, ".data")) if map_count else (),
        image.at(digest, digest_bytes, ".rdata"), count,
    )  # fmt: skip


def maps(image: Image) -> Iterator[ScannedMap]:
    """Records in `maps`, from the first sixteen zero bytes with something behind them on."""
    contents = image.contents("maps")
    start = next(
        at for at in range(0, len(contents), MAP_STEP) if not any(contents[at : at + 16]) and any(contents[at + 16 : at + 24])
    )  # fmt: skip
    (total,) = struct.unpack_from("<Q", contents, start + 32)
    for at in range(start, len(contents) - (len(contents) - start) % total, total):
        if any(contents[at : at + 16]) or not any(contents[at + 16 : at + 24]):
            return
        yield ScannedMap(
            image.text(struct.unpack_from("<Q", contents, at + 72)[0], ".rdata", "maps"), struct.unpack_from("<8I", contents, at + 40)
        )


class Layout(NamedTuple):
    """How records lie: of programs, maps and helpers (size of the fields, distance), and what sections there are."""

    programs: tuple[int, int]
    maps: tuple[int, int]
    helpers: tuple[int, int] | None
    order: tuple[str, ...]
    rights: dict[str, int]


# Read, write and run.
RIGHTS: Final = 0xE000_0000


def layout(data: bytes) -> Layout:
    """Of an image that `scan` takes."""
    image = Image(data)
    records = image.contents("programs")
    start = next(at for at in range(0, len(records), PROGRAM_STEP) if not any(records[at : at + 8]))
    table, count = struct.unpack_from("<Q", records, start + 80)[0], struct.unpack_from("<H", records, start + 88)[0]
    helpers = struct.unpack_from("<QQ", image.at(table, 40, ".data"), 8) if count else None
    codes = {each.pe_section for each in scan(data).programs}
    order = tuple("code" if name in codes else name for name in image.names)
    rights = {name: section.Characteristics & RIGHTS for name, section in zip(order, image.pe.sections, strict=True)}
    contents = image.contents("maps")
    first = next(
        at for at in range(0, len(contents), MAP_STEP) if not any(contents[at : at + 16]) and any(contents[at + 16 : at + 24])
    )  # fmt: skip
    return Layout(struct.unpack_from("<QQ", records, start + 16), struct.unpack_from("<QQ", contents, first + 24), helpers, order, rights)
