"""Sections, symbols and relocations of an ELF object, bounds-checked.

    elf = ElfFile(data, file="x.o")
    elf.section(".maps")           -> Section(index=7, name=".maps", size=32, …) or None
    elf.contents(section)          -> its bytes
    elf.symbols                    -> every symbol, in table order
    elf.relocations_of(section)    -> [(offset, type, symbol index, addend or None), …] sorted by offset

pyelftools describes the structures of the file and section headers. Symbols and relocations are unpacked in bulk
with `struct`, because an object can hold ten thousand of them, and no section is read that is not asked for: the
debug sections and their relocations are most of an object's bytes and none of its meaning.
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from bpfcc.bpfir.module import Endian

SHT_PROGBITS: Final = 1
SHT_SYMTAB: Final = 2
SHT_STRTAB: Final = 3
SHT_RELA: Final = 4
SHT_NOBITS: Final = 8
SHT_REL: Final = 9
SHF_WRITE: Final = 1
SHF_EXECINSTR: Final = 4
SHF_COMPRESSED: Final = 0x800
SHN_UNDEF: Final = 0
SHN_LORESERVE: Final = 0xFF00
STT_NOTYPE: Final = 0
STT_OBJECT: Final = 1
STT_FUNC: Final = 2
STT_SECTION: Final = 3
STB_LOCAL: Final = 0
STB_GLOBAL: Final = 1
# STV_INTERNAL, STV_HIDDEN
HIDDEN: Final = frozenset({1, 2})
STB_WEAK: Final = 2
EM_NONE: Final = 0
EM_BPF: Final = 247

# Longer names are no names; without a limit they could all be the same megabyte.
MAX_NAME_BYTES: Final = 8192
# A data section without contents in the file may still ask for memory; no BPF map of this size exists.
MAX_NOBITS_BYTES: Final = 1 << 24


@final
class Section:
    """One section header. `type` and `flags` are the numbers of the ELF specification."""

    # Written out: `dataclass` takes a millisecond to make such a class, at every start.
    __slots__ = ("entry_size", "flags", "index", "info", "link", "name", "offset", "size", "type")

    def __init__(
        self, index: int, name: str, type_: int, flags: int, offset: int, size: int, *, link: int = 0, info: int = 0, entry_size: int = 0
    ) -> None:
        self.index = index
        self.name = name
        self.type = type_
        self.flags = flags
        self.offset = offset
        self.size = size
        self.link = link
        self.info = info
        self.entry_size = entry_size

    def __repr__(self) -> str:
        return f"<Section {self.index} {self.name!r} {self.size} bytes>"

    @property
    def executable(self) -> bool:
        """Whether it holds instructions."""
        return self.type == SHT_PROGBITS and bool(self.flags & SHF_EXECINSTR)


class Symbol(NamedTuple):
    """One symbol; `section` is a section index, 0 where it is undefined."""

    number: int
    name_offset: int
    type: int
    bind: int
    visibility: int
    section: int
    value: int
    size: int


class Relocation(NamedTuple):
    """One relocation; `addend` is None where the format keeps it in the relocated field."""

    offset: int
    type: int
    symbol: int
    addend: int | None


@final
class ElfFile:
    """A 64-bit relocatable object of either byte order. Everything it returns lies within the file."""

    def __init__(self, data: bytes | mmap, *, file: str | None = None) -> None:
        self.data = data
        self.file = file
        if data[:4] != b"\x7fELF":
            raise InputError("not an ELF file", file=file, offset=0)
        if len(data) < 64:
            raise InputError("the ELF header is cut off", file=file, offset=len(data))
        if data[4] != 2:
            raise InputError("not a 64-bit ELF file; BPF objects are", file=file, offset=4)
        if data[5] not in (1, 2):
            raise InputError(f"unknown byte order {data[5]}", file=file, offset=5)
        self.endian: Endian = "little" if data[5] == 1 else "big"
        self.order: Final = "<" if data[5] == 1 else ">"
        self.machine, self.sections = self._read_headers()

    def error(self, message: str, *, section: Section | str | None = None, offset: int | None = None) -> InputError:
        """An `InputError` that names this file, the section and the byte."""
        name = section.name if isinstance(section, Section) else section
        return InputError(message, file=self.file, section=name, offset=offset)

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return self._by_name.get(name)

    def section_at(self, index: int) -> Section | None:
        """The section with that index; None for the reserved ones."""
        return self.sections[index] if 0 < index < len(self.sections) else None

    def contents(self, section: Section) -> bytes:
        """The section's bytes; zeros where the file keeps none (`.bss`)."""
        if section.type == SHT_NOBITS:
            if section.size > MAX_NOBITS_BYTES:
                raise self.error(f"{section.size:#x} bytes of zeros are more than {MAX_NOBITS_BYTES:#x}", section=section)
            return bytes(section.size)
        if section.flags & SHF_COMPRESSED:
            raise self.error("a compressed section", section=section, offset=section.offset)
        end = section.offset + section.size
        if end > len(self.data):
            raise self.error(
                f"the section ends at {end:#x}, after the end of the file at {len(self.data):#x}", section=section, offset=section.offset
            )
        return self.data[section.offset : end]

    def string(self, table: Section, offset: int) -> str:
        """The string at `offset` of a string table."""
        if offset >= table.size:
            raise self.error(f"string offset {offset:#x} is outside the string table", section=table, offset=offset)
        start = table.offset + offset
        end = self.data.find(b"\0", start, min(table.offset + table.size, start + MAX_NAME_BYTES + 1))
        if end < 0:
            raise self.error(f"a name without an end, or of more than {MAX_NAME_BYTES} bytes", section=table, offset=offset)
        return self.data[start:end].decode("utf-8", "backslashreplace")

    def name_of(self, symbol: Symbol) -> str:
        """The symbol's name; that of its section where it has none of its own."""
        if symbol.type == STT_SECTION or not symbol.name_offset:
            section = self.section_at(symbol.section)
            return section.name if section is not None else ""
        return self.string(self._symbol_strings, symbol.name_offset)

    @cached_property
    def symbols(self) -> list[Symbol]:
        """All symbols. An object has one symbol table."""
        table = self._symbol_table
        if table is None:
            return []
        data = self.contents(table)
        if table.entry_size not in (0, 24) or len(data) % 24:
            raise self.error("a symbol table whose entries are not of 24 bytes", section=table, offset=table.offset)
        make = Symbol
        return [
            make(number, name, info & 15, info >> 4, other & 3, section, value, size)
            for number, (name, info, other, section, value, size) in enumerate(struct.iter_unpack(self.order + "IBBHQQ", data))
        ]

    def symbol(self, index: int, *, section: Section, offset: int) -> Symbol:
        """The symbol a relocation at `offset` of `section` refers to."""
        if index >= len(self.symbols):
            raise self.error(f"relocation against symbol {index} of {len(self.symbols)}", section=section, offset=offset)
        return self.symbols[index]

    def relocations_of(self, section: Section) -> list[Relocation]:
        """The section's relocations, in order of offset."""
        found: list[Relocation] = []
        for table in self._relocation_tables.get(section.index, ()):
            found += self._read_relocations(table)
        if any(found[i].offset > found[i + 1].offset for i in range(len(found) - 1)):
            found.sort(key=lambda r: r.offset)
        return found

    def _read_relocations(self, table: Section) -> Iterator[Relocation]:
        data = self.contents(table)
        with_addend = table.type == SHT_RELA
        size = 24 if with_addend else 16
        if table.entry_size not in (0, size) or len(data) % size:
            raise self.error(f"a relocation table whose entries are not of {size} bytes", section=table, offset=table.offset)
        if with_addend:
            for offset, info, addend in struct.iter_unpack(self.order + "QQq", data):
                yield Relocation(offset, info & 0xFFFF_FFFF, info >> 32, addend)
        else:
            for offset, info in struct.iter_unpack(self.order + "QQ", data):
                yield Relocation(offset, info & 0xFFFF_FFFF, info >> 32, None)

    def _read_headers(self) -> tuple[int, list[Section]]:
        # pyelftools takes 25 ms to import: not spent where nothing but raw BTF is read.
        from elftools.construct.core import ConstructError
        from elftools.elf.structs import ELFStructs

        layout = ELFStructs(little_endian=self.endian == "little", elfclass=64)
        layout.create_basic_structs()
        layout.create_advanced_structs(None, None, None)
        layout.e_type = layout.e_machine = None
        try:
            header = layout.Elf_Ehdr.parse(self.data[:64])
        except ConstructError as problem:
            raise InputError(f"malformed ELF header: {problem}", file=self.file, offset=0) from None
        machine = {"EM_BPF": EM_BPF, "EM_NONE": EM_NONE}.get(header["e_machine"], -1)
        start, count, names = header["e_shoff"], header["e_shnum"], header["e_shstrndx"]
        if not start:
            return machine, []
        if header["e_shentsize"] != 64:
            raise InputError(f"section headers of {header['e_shentsize']} bytes, not 64", file=self.file, offset=58)
        if not count:
            raise InputError("a section header table without entries", file=self.file, offset=60)
        if start + 64 * count > len(self.data):
            raise InputError(f"the section header table of {count} entries is cut off", file=self.file, offset=start)
        if names >= count:
            raise InputError(f"section {names} of {count} is to hold the section names", file=self.file, offset=62)
        headers = [layout.Elf_Shdr.parse(self.data[at : at + 64]) for at in range(start, start + 64 * count, 64)]
        return machine, self._make_sections(headers, names)

    def _make_sections(self, headers: list[dict[str, int]], names_index: int) -> list[Section]:
        types = {"SHT_NULL": 0, "SHT_PROGBITS": 1, "SHT_SYMTAB": 2, "SHT_STRTAB": 3, "SHT_RELA": 4, "SHT_NOBITS": 8, "SHT_REL": 9}
        names = headers[names_index]
        table = Section(names_index, "section names", SHT_STRTAB, 0, names["sh_offset"], names["sh_size"])
        self.contents(table)
        sections = []
        for index, h in enumerate(headers):
            kind = h["sh_type"]
            number = types.get(kind, -1) if isinstance(kind, str) else kind
            name = self.string(table, h["sh_name"]) if index and h["sh_name"] else ""
            rest = {"link": h["sh_link"], "info": h["sh_info"], "entry_size": h["sh_entsize"]}
            sections.append(Section(index, name, number, h["sh_flags"], h["sh_offset"], h["sh_size"], **rest))
        return sections

    @cached_property
    def _by_name(self) -> dict[str, Section]:
        return {s.name: s for s in reversed(self.sections)}

    @cached_property
    def _symbol_table(self) -> Section | None:
        tables = [s for s in self.sections if s.type == SHT_SYMTAB]
        if len(tables) > 1:
            raise self.error("a second symbol table", section=tables[1], offset=tables[1].offset)
        return tables[0] if tables else None

    @cached_property
    def _symbol_strings(self) -> Section:
        table = self._symbol_table
        strings = self.section_at(table.link) if table is not None else None
        if table is None or strings is None or strings.type != SHT_STRTAB:
            raise self.error("the symbol table names no string table", section=table)
        self.contents(strings)
        return strings

    @cached_property
    def _relocation_tables(self) -> dict[int, list[Section]]:
        tables: dict[int, list[Section]] = {}
        for section in self.sections:
            if section.type in (SHT_REL, SHT_RELA):
                tables.setdefault(section.info, []).append(section)
        return tables
