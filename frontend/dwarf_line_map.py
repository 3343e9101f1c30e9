"""Source positions of objects that have debug information but no BTF; read when a message needs the first one.

    lines = DwarfLineMap(elf, [Placed("xdp", section_start=0, linked_start=0, length=40)])
    lines[0]        -> SourcePosition("drop.c", 14, 9)

Malformed debug information gives no positions: the program can be read without it, and a message about an instruction must not
turn into one about its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, final

from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from bpfcc.frontend.elf import ElfFile


class Placed(NamedTuple):
    """A function's section, where it begins there, and where it lies in the linked code. All in slots."""

    section: str
    section_start: int
    linked_start: int
    length: int


@final
class DwarfLineMap(Mapping[int, SourcePosition]):
    """First slot of each line entry -> place, in linked slots."""

    def __init__(self, elf: ElfFile, functions: Sequence[Placed]) -> None:
        self._elf = elf
        self._functions = functions

    @cached_property
    def _rows(self) -> dict[int, SourcePosition]:
        from bpfcc.frontend.dwarf import DebugInfo

        info = DebugInfo(self._elf)
        found: dict[int, SourcePosition] = {}
        try:
            for section, section_start, linked_start, length in self._functions:
                shift = linked_start - section_start
                for slot, position in info.lines(section).items():
                    if section_start <= slot < section_start + length:
                        found[slot + shift] = position
        except InputError:
            return {}
        return dict(sorted(found.items()))

    def __getitem__(self, slot: int) -> SourcePosition:
        return self._rows[slot]

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
