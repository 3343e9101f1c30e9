"""`.BTF.ext`: which function, which source line and which CO-RE relocation belongs to an instruction.

    ext = BtfExt.from_bytes(data, btf)
    ext.lines["xdp"].offsets          -> byte offsets of the instructions that start an entry
    ext.core_relocations["xdp"]       -> [CoreRelocation(insn_offset=8, type_id=4, access="0:1", kind=0)]

The records stay packed as 32-bit words: a program of 10,000 instructions has as many lines, and few are looked at.
"""

from __future__ import annotations

import struct
import sys
from array import array
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.frontend.btf.model import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bpfcc.frontend.btf.model import Btf

SECTION: Final = ".BTF.ext"


class CoreRelocation(NamedTuple):
    """One CO-RE relocation as the compiler wrote it; `kind` is `enum bpf_core_relo_kind`."""

    insn_offset: int
    type_id: int
    access: str
    kind: int


@final
class InfoTable:
    """The records of one code section, `stride` words each, in order of instruction."""

    def __init__(self, words: array[int], stride: int) -> None:
        self.words: Final = words
        self.stride: Final = stride

    @cached_property
    def offsets(self) -> array[int]:
        """Byte offset of each record's instruction in its section."""
        return self.words[:: self.stride]

    def column(self, number: int) -> array[int]:
        """One field of all records."""
        return self.words[number :: self.stride]

    def __len__(self) -> int:
        return len(self.words) // self.stride

    def __iter__(self) -> Iterator[array[int]]:
        for at in range(0, len(self.words), self.stride):
            yield self.words[at : at + self.stride]


@final
class BtfExt:
    """The three tables of `.BTF.ext`, by name of the code section."""

    def __init__(self, data: bytes, btf: Btf, *, file: str | None = None) -> None:
        self._data = data
        self._btf = btf
        self._file = file
        self._spans = self._read_header()

    @classmethod
    def from_bytes(cls, data: bytes, btf: Btf, *, file: str | None = None) -> BtfExt:
        """Read the header; the tables are read when they are asked for."""
        return cls(data, btf, file=file)

    @cached_property
    def functions(self) -> Mapping[str, InfoTable]:
        """Words: instruction offset, type id of the function."""
        return self._read_tables(0, smallest=2)

    @cached_property
    def lines(self) -> Mapping[str, InfoTable]:
        """Words: instruction offset, file name, line text (both string offsets), line << 10 | column."""
        return self._read_tables(1, smallest=4)

    @cached_property
    def core_relocations(self) -> Mapping[str, list[CoreRelocation]]:
        """CO-RE relocations, in order of instruction."""
        text = self._btf.string
        return {
            section: [CoreRelocation(row[0], row[1], text(row[2]), row[3]) for row in table]
            for section, table in self._read_tables(2, smallest=4).items()
        }

    def _fault(self, message: str, offset: int) -> InputError:
        return InputError(message, file=self._file, section=SECTION, offset=offset)

    def _read_header(self) -> list[tuple[int, int]]:
        data = self._data
        if len(data) < 24:
            raise self._fault(f"{len(data)} bytes are less than a header", len(data))
        order = "<" if data[:2] == b"\x9f\xeb" else ">"
        self._swap = (order == "<") != (sys.byteorder == "little")
        magic, version, _flags, header = struct.unpack_from(order + "HBBI", data)
        if magic != MAGIC or version != 1:
            raise self._fault(f"magic {magic:#06x} version {version}, not {MAGIC:#06x} version 1", 0)
        if header < 24 or header > len(data):
            raise self._fault(f"a header of {header} bytes", 4)
        spans = []
        for at in (8, 16, 24):
            offset, size = struct.unpack_from(order + "II", data, at) if at + 8 <= header else (0, 0)
            if size and (offset % 4 or header + offset + size > len(data)):
                raise self._fault("a table is cut off or not aligned", at)
            spans.append((header + offset, size))
        return spans

    def _read_tables(self, number: int, *, smallest: int) -> dict[str, InfoTable]:
        start, size = self._spans[number]
        if not size:
            return {}
        words: array[int] = array("I")
        if size < 4 or size % 4:
            raise self._fault("a table of broken words", start)
        words.frombytes(self._data[start : start + size])
        if self._swap:
            words.byteswap()
        stride, left = divmod(words[0], 4)
        if left or stride < smallest:
            raise self._fault(f"records of {words[0]} bytes", start)
        tables: dict[str, array[int]] = {}
        at = 1
        while at < len(words):
            if at + 2 > len(words) or at + 2 + words[at + 1] * stride > len(words):
                raise self._fault("a table's records are cut off", start + 4 * at)
            name, end = self._btf.string(words[at]), at + 2 + words[at + 1] * stride
            tables.setdefault(name, array("I")).extend(words[at + 2 : end])
            at = end
        return {name: _in_order(InfoTable(rows, stride)) for name, rows in tables.items()}


def _in_order(table: InfoTable) -> InfoTable:
    """The table sorted by instruction, where a compiler or a linker has not done so."""
    offsets = table.offsets.tolist()
    if offsets == sorted(offsets):
        return table
    rows = sorted(table, key=lambda row: row[0])
    words: array[int] = array("I")
    for row in rows:
        words += row
    return InfoTable(words, table.stride)
