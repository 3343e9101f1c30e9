"""A Windows image as the rules see it: headers, sections, imports, exports, relocations, debug entries, certificates.

    image = read_image(data, name="firewall.sys")
    image.kind                                  "sys" or "dll"
    image.section("programs").address           an RVA
    image.bytes_at(image.section("programs").address, 24)

Headers are read with pefile. Sections are read here, in the order and with the names that Windows goes by, and so are the tables whose
length an image can choose freely, with bounds (imports and exports: `tables.py`). What cannot be read at all is an InputError; what can be
read and is wrong is for the rules to say.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, final

from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["sys", "dll"]
MAX_BYTES: Final = 32 << 20
# pefile spends time that grows with the square of some tables; no image that runs has more than 96 sections.
MAX_SECTIONS: Final = 96
MAX_STRING: Final = 1024
MAX_DEBUG: Final = 64
PAGE: Final = 4096

MACHINES: Final = {0x8664: "x86_64", 0xAA64: "arm64"}
PE32_PLUS: Final = 0x20B
NATIVE: Final = 1
DIRECTORIES: Final = {
    "export": 0, "import": 1, "resource": 2, "exception": 3, "security": 4, "relocation": 5, "debug": 6, "architecture": 7,
    "global_pointer": 8, "tls": 9, "load_config": 10, "bound": 11, "iat": 12, "delay": 13, "managed": 14, "reserved": 15,
}  # fmt: skip
# Of section headers.
CODE: Final = 0x20
DISCARDABLE: Final = 0x0200_0000
SHARED: Final = 0x1000_0000
EXECUTE: Final = 0x2000_0000
READ: Final = 0x4000_0000
WRITE: Final = 0x8000_0000
# What pefile is known to end with on malformed files, besides its own error.
PEFILE_FAULTS: Final = (
    struct.error, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, AssertionError, MemoryError, RecursionError,
)  # fmt: skip
DEBUG_ENTRY: Final = struct.Struct("<IIHHIIII")
SECTION: Final = struct.Struct("<8sIIIIIIII")
CERTIFICATE_REVISION: Final = 0x0200
CERTIFICATE: Final = struct.Struct("<IHH")


@final
@dataclass(frozen=True, slots=True)
class Section:
    """A row of the section table. `address` is an RVA, `offset` is into the file."""

    name: str
    address: int
    size: int
    offset: int
    raw_size: int
    flags: int
    # Where objects have relocations and line numbers; images have none.
    unused: int = 0

    @property
    def readable(self) -> bool:
        return bool(self.flags & READ)

    @property
    def executable(self) -> bool:
        return bool(self.flags & EXECUTE)

    @property
    def writable(self) -> bool:
        return bool(self.flags & WRITE)

    @property
    def code(self) -> bool:
        """Whether it says that it holds code."""
        return bool(self.flags & CODE)

    @property
    def end(self) -> int:
        """Behind its last byte in memory."""
        return self.address + max(self.size, self.raw_size if not self.size else 0)

    @property
    def mapped(self) -> int:
        """How many bytes of the file come into memory: whole pages, behind which Windows maps no more of it."""
        return min(self.raw_size, -(-(self.end - self.address) // PAGE) * PAGE)

    def holds(self, address: int) -> bool:
        return self.address <= address < self.end


class Directory(NamedTuple):
    """Where a table lies: RVA (of certificates a file offset) and size; 0, 0 where there is none."""

    address: int
    size: int


class Relocation(NamedTuple):
    """A place that the loader adds the load address to. `kind` 10 is a 64-bit address."""

    address: int
    kind: int


class DebugEntry(NamedTuple):
    """A row of the debug directory and the bytes that it names."""

    kind: int
    time: int
    data: bytes


@final
@dataclass(frozen=True, slots=True)
class Image:
    """What was read."""

    data: bytes = field(repr=False)
    name: str
    kind: Kind
    machine: int
    time: int
    characteristics: int
    entry: int
    base: int
    section_alignment: int
    file_alignment: int
    image_size: int
    headers_size: int
    subsystem: int
    subsystem_version: tuple[int, int]
    dll_flags: int
    checksum: int
    # File offsets of what a signature leaves out.
    checksum_offset: int
    security_offset: int
    symbols_offset: int
    directories: tuple[Directory, ...]
    sections: tuple[Section, ...]
    # What other readers of headers go by, and this one takes as it should be.
    optional_size: int
    directory_count: int
    headers_end: int
    reserved: int
    # RVAs of sections in order, and the sections.
    starts: tuple[int, ...] = field(init=False, repr=False)
    by_address: tuple[Section, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.sections, key=lambda each: each.address))
        object.__setattr__(self, "by_address", ordered)
        object.__setattr__(self, "starts", tuple(each.address for each in ordered))

    @property
    def architecture(self) -> str:
        return MACHINES.get(self.machine, f"machine {self.machine:#06x}")

    def directory(self, name: str) -> Directory:
        number = DIRECTORIES[name]
        return self.directories[number] if number < len(self.directories) else Directory(0, 0)

    def section(self, name: str) -> Section | None:
        """The first of that name."""
        return next((each for each in self.sections if each.name == name), None)

    def section_at(self, address: int) -> Section | None:
        """The one that an RVA lies in; where several overlap, which another rule is about, one that begins closest before it."""
        at = bisect_right(self.starts, address) - 1
        found = self.by_address[at] if at >= 0 else None
        return found if found is not None and found.holds(address) else None

    def offset_of(self, address: int, size: int) -> int | None:
        """Where the file has these bytes of memory; None where it does not have all of them."""
        for each in self.sections:
            start = address - each.address
            if start >= 0 and start + size <= each.mapped and each.offset + start + size <= len(self.data):
                return each.offset + start
        return None

    def bytes_at(self, address: int, size: int) -> bytes | None:
        """Bytes of the file at an RVA; None where the file does not have all of them."""
        offset = self.offset_of(address, size)
        return self.data[offset : offset + size] if offset is not None else None

    def string_at(self, address: int) -> str | None:
        """A C string at an RVA; None where there is none, or a very long one."""
        for each in self.sections:
            start = address - each.address
            if 0 <= start < each.mapped:
                end = min(each.offset + each.mapped, each.offset + start + MAX_STRING, len(self.data))
                found = self.data[each.offset + start : end]
                return found[: found.index(0)].decode("utf-8", "backslashreplace") if 0 in found else None
        return None

    def content(self, section: Section) -> bytes:
        """What the file has of a section, without its padding."""
        return self.data[section.offset : section.offset + min(section.raw_size, section.size or section.raw_size)]

    def relocations(self) -> Iterator[Relocation]:
        """Every base relocation. InputError where the table is malformed."""
        where = self.directory("relocation")
        table = self._table(where, "relocation")
        at = 0
        while at + 8 <= len(table):
            page, size = struct.unpack_from("<II", table, at)
            if size < 8 or size % 2 or at + size > len(table):
                raise InputError(f"the relocation block at RVA {where.address + at:#x} has size {size}", file=self.name)
            for (entry,) in struct.iter_unpack("<H", table[at + 8 : at + size]):
                if entry >> 12:
                    yield Relocation(page + (entry & 0xFFF), entry >> 12)
            at += size
        if at != len(table):
            raise InputError(f"the relocation table ends within a block, at RVA {where.address + at:#x}", file=self.name)

    def debug_entries(self) -> Iterator[DebugEntry]:
        """The debug directory. InputError where it lies outside of the file."""
        table = self._table(self.directory("debug"), "debug")
        if len(table) % DEBUG_ENTRY.size or len(table) > DEBUG_ENTRY.size * MAX_DEBUG:
            raise InputError(f"the debug directory has {len(table)} bytes: up to {MAX_DEBUG} entries of {DEBUG_ENTRY.size}", file=self.name)
        for at in range(0, len(table), DEBUG_ENTRY.size):
            _, time, _, _, kind, size, address, offset = DEBUG_ENTRY.unpack_from(table, at)
            # Who reads the file and who reads memory must not see two things.
            if offset + size > len(self.data) or (address and size and self.offset_of(address, size) != offset):
                raise InputError(f"debug entry {at // DEBUG_ENTRY.size} leads to {size} bytes that are not there", file=self.name)
            yield DebugEntry(kind, time, self.data[offset : offset + min(size, MAX_STRING)])

    def _table(self, where: Directory, what: str) -> bytes:
        if not where.address or not where.size:
            return b""
        found = self.bytes_at(where.address, where.size)
        if found is None:
            raise InputError(f"the {what} directory lies outside of the file", file=self.name)
        return found

    def certificates(self) -> Iterator[tuple[int, bytes]]:
        """(type, bytes) of each attribute certificate; type 2 is a signature. InputError where the table is malformed."""
        where = self.directory("security")
        at, end = where.address, where.address + where.size
        if where.address and not where.size:
            raise InputError("the certificate table has a place and no size", file=self.name)
        if end > len(self.data):
            raise InputError("the certificate table lies outside of the file", file=self.name)
        while where.size and at < end:
            size, revision, kind = CERTIFICATE.unpack_from(self.data, at) if at + 8 <= end else (0, 0, 0)
            if size <= CERTIFICATE.size or at + size > end:
                raise InputError(f"the certificate at offset {at:#x} has size {size}", file=self.name)
            if revision != CERTIFICATE_REVISION:
                raise InputError(f"the certificate at offset {at:#x} is of revision {revision:#x}", file=self.name)
            yield kind, self.data[at + CERTIFICATE.size : at + size]
            at += -(-size // 8) * 8


def read_image(data: bytes, *, name: str = "image") -> Image:
    """Read a 64-bit image. InputError where it is none; UnsupportedError where pefile is not installed."""
    if len(data) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES >> 20} MiB: no eBPF image is", file=name)
    if data[:2] != b"MZ":
        raise InputError("not a Windows image: it does not begin with MZ", file=name)
    try:
        import pefile
    except ImportError:
        raise UnsupportedError("reading Windows images", "pefile is not installed: `python -m pip install pefile`") from None
    _limit(data, name)
    try:
        pe: Any = pefile.PE(data=data, fast_load=True)
        if pe.OPTIONAL_HEADER.Magic != PE32_PLUS:
            raise InputError("not a 64-bit image (PE32+)", file=name)
        return _image(pe, data, name)
    except pefile.PEFormatError as error:
        raise InputError(f"not a readable Windows image: {str(error)[:200]}", file=name) from None
    except PEFILE_FAULTS as error:
        raise InputError(f"not a readable Windows image: its tables make no sense ({type(error).__name__})", file=name) from None


def _limit(data: bytes, name: str) -> None:
    """Refuse what would take pefile long."""
    header = int.from_bytes(data[0x3C:0x40], "little")
    if len(data) < 0x40 or data[header : header + 4] != b"PE\0\0" or header + 24 > len(data):
        raise InputError("not a Windows image: it has no PE header", file=name)
    count = int.from_bytes(data[header + 6 : header + 8], "little")
    if count > MAX_SECTIONS:
        raise InputError(f"{count} sections: Windows loads no more than {MAX_SECTIONS}", file=name)


def _image(pe: Any, data: bytes, name: str) -> Image:
    optional, header = pe.OPTIONAL_HEADER, pe.FILE_HEADER
    directories = tuple(Directory(each.VirtualAddress, each.Size) for each in optional.DATA_DIRECTORY)
    after_optional = optional.get_file_offset()
    rows = after_optional + header.SizeOfOptionalHeader
    suffix = PurePath(name).suffix.lower()
    kind: Kind = "sys" if suffix == ".sys" or (suffix != ".dll" and optional.Subsystem == NATIVE) else "dll"
    return Image(
        data, name, kind, header.Machine, header.TimeDateStamp, header.Characteristics, optional.AddressOfEntryPoint, optional.ImageBase,
        optional.SectionAlignment, optional.FileAlignment, optional.SizeOfImage, optional.SizeOfHeaders, optional.Subsystem,
        (optional.MajorSubsystemVersion, optional.MinorSubsystemVersion), optional.DllCharacteristics, optional.CheckSum,
        after_optional + 64, after_optional + 112 + 8 * DIRECTORIES["security"],
        header.PointerToSymbolTable | header.NumberOfSymbols, directories, tuple(_sections(data, rows, header.NumberOfSections, name)),
        header.SizeOfOptionalHeader, optional.NumberOfRvaAndSizes, rows + SECTION.size * header.NumberOfSections,
        optional.Reserved1 | optional.LoaderFlags,
    )  # fmt: skip


def _sections(data: bytes, at: int, count: int, file: str) -> Iterator[Section]:
    """In the order of the table. Names end at the first zero, as for Windows."""
    if at + SECTION.size * count > len(data):
        raise InputError("not a readable Windows image: it ends within its section table", file=file)
    for each in SECTION.iter_unpack(data[at : at + SECTION.size * count]):
        called, size, address, raw_size, offset, relocations, lines, counts, flags = each
        name = called.partition(b"\0")[0].decode("utf-8", "backslashreplace")
        yield Section(name, address, size, offset, raw_size, flags, relocations | lines | counts)
