"""Bytes of debug sections: a cursor that never leaves them, and the sections with their relocations applied.

    sections = DebugSections(ElfFile(data))
    at = sections.cursor(".debug_line", 0x40)
    at.u32(), at.uleb(), at.string()

In a relocatable object every code section begins at address 0. So that an address says which section it is in, a
64-bit relocation adds the index of its target's section, shifted by `SECTION_SHIFT`; `place` takes that apart again.

The reader is our own, and no third party's, because debug information is hostile input here: everything is linear in
its size, and `Budget` stops what is not (attributes and entries that take no bytes).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from bpfcc.errors import InputError
    from bpfcc.frontend.elf import ElfFile, Relocation, Section

SECTION_SHIFT: Final = 40
OFFSET_MASK: Final = (1 << SECTION_SHIFT) - 1
MASK64: Final = (1 << 64) - 1
# R_BPF_64_64 and R_BPF_64_ABS64; compilers before LLVM 13 used the first for data too.
WIDE_RELOCATIONS: Final = frozenset({1, 2})
MAX_ULEB_BYTES: Final = 19
STEPS_PER_BYTE: Final = 16
FREE_STEPS: Final = 100_000


@final
class Budget:
    """Steps left for one object; running out is the input's fault."""

    __slots__ = ("left",)

    def __init__(self, size_bytes: int) -> None:
        self.left = FREE_STEPS + STEPS_PER_BYTE * size_bytes

    def spend(self, steps: int, at: Cursor) -> None:
        self.left -= steps
        if self.left < 0:
            raise at.error("debug information that takes more work than its size allows")


@final
class Cursor:
    """A position in a debug section; every read checks the end."""

    __slots__ = ("_order", "_owner", "data", "end", "name", "position")

    def __init__(self, owner: DebugSections, name: str, data: bytes | bytearray, position: int) -> None:
        self._owner = owner
        self._order = owner.elf.order
        self.name = name
        self.data = data
        self.position = position
        self.end = len(data)
        if not 0 <= position <= self.end:
            raise self.error(f"offset {position:#x} is outside the section of {self.end:#x} bytes")

    def error(self, message: str) -> InputError:
        return self._owner.elf.error(message, section=self.name, offset=self.position)

    def _fixed(self, code: str, size: int) -> int:
        start = self.position
        if start + size > self.end:
            raise self.error("debug information is cut off")
        self.position = start + size
        value: int = struct.unpack_from(self._order + code, self.data, start)[0]
        return value

    def u8(self) -> int:
        start = self.position
        if start >= self.end:
            raise self.error("debug information is cut off")
        self.position = start + 1
        return self.data[start]

    def s8(self) -> int:
        return self._fixed("b", 1)

    def u16(self) -> int:
        return self._fixed("H", 2)

    def u32(self) -> int:
        return self._fixed("I", 4)

    def u64(self) -> int:
        return self._fixed("Q", 8)

    def sized(self, size: int) -> int:
        """An unsigned number of 1 to 8 bytes in the object's byte order."""
        return int.from_bytes(self.take(size), "little" if self._order == "<" else "big")

    def uleb(self) -> int:
        value = shift = 0
        for _ in range(MAX_ULEB_BYTES):
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise self.error("a variable-length number without an end")

    def sleb(self) -> int:
        value = shift = 0
        for _ in range(MAX_ULEB_BYTES):
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value
        raise self.error("a variable-length number without an end")

    def take(self, size: int) -> bytes:
        start = self.position
        if size > self.end - start:
            raise self.error("debug information is cut off")
        self.position = start + size
        return bytes(self.data[start : start + size])

    def string(self) -> str:
        start = self.position
        end = self.data.find(b"\0", start, self.end)
        if end < 0:
            raise self.error("a string without an end")
        self.position = end + 1
        return self.data[start:end].decode("utf-8", "backslashreplace")

    def length(self) -> tuple[int, int]:
        """A unit's length and the size of offsets in it: 4, or 8 in the 64-bit format."""
        length = self.u32()
        if length == 0xFFFF_FFFF:
            return self.u64(), 8
        if length >= 0xFFFF_FFF0:
            raise self.error(f"reserved unit length {length:#x}")
        return length, 4

    def limit(self, length: int) -> None:
        """Treat what follows the next `length` bytes as not there."""
        if length > self.end - self.position:
            raise self.error("a unit is longer than its section")
        self.end = self.position + length


@final
class DebugSections:
    """The debug sections of one object, each relocated when it is first read."""

    def __init__(self, elf: ElfFile) -> None:
        self.elf: Final = elf
        self.code: Final = {s.name: s.index for s in reversed(elf.sections) if s.executable}
        self._loaded: dict[str, bytes | bytearray] = {}
        self.budget: Final = Budget(sum(s.size for s in elf.sections if s.name.startswith(".debug_")))

    def has(self, name: str) -> bool:
        return self.elf.section(name) is not None

    def cursor(self, name: str, offset: int) -> Cursor:
        """A cursor at `offset` of a section; a section that is not there is empty."""
        return Cursor(self, name, self.data(name), offset)

    def data(self, name: str) -> bytes | bytearray:
        if name not in self._loaded:
            section = self.elf.section(name)
            self._loaded[name] = b"" if section is None else self._relocated(section)
        return self._loaded[name]

    def _relocated(self, section: Section) -> bytes | bytearray:
        contents = self.elf.contents(section)
        relocations = self.elf.relocations_of(section)
        if not relocations:
            return contents
        patched = bytearray(contents)
        symbols = self.elf.symbols
        for relocation in relocations:
            number = relocation.symbol
            if number >= len(symbols):
                raise self.elf.error(f"relocation against symbol {number} of {len(symbols)}", section=section, offset=relocation.offset)
            symbol = symbols[number]
            self._patch(patched, section, relocation, symbol.section, symbol.value)
        return patched

    def _patch(self, data: bytearray, section: Section, relocation: Relocation, target: int, value: int) -> None:
        size, code = (8, "Q") if relocation.type in WIDE_RELOCATIONS else (4, "I")
        if relocation.offset + size > len(data):
            raise self.elf.error("a relocation outside the section", section=section, offset=relocation.offset)
        if size == 4 and not value and relocation.addend is None:
            return  # an offset into another debug section: nothing moves
        field = self.elf.order + code
        addend = relocation.addend if relocation.addend is not None else struct.unpack_from(field, data, relocation.offset)[0]
        result = value + addend + (target << SECTION_SHIFT if size == 8 else 0)
        struct.pack_into(field, data, relocation.offset, result & (MASK64 if size == 8 else 0xFFFF_FFFF))

    def place(self, address: int) -> tuple[int, int]:
        """(section index, byte offset) of a relocated address; index 0 where it was not relocated."""
        return address >> SECTION_SHIFT, address & OFFSET_MASK
