"""From instruction slots to source positions, made when they are asked for.

    lines = LineMap(btf, [Segment(table, section_start=0, linked_start=0, length=40)])
    lines[0]        -> SourcePosition("drop.c", 14, 9, text="  return XDP_DROP;")
    lines.at(3)     -> the position that holds at slot 3

A program of 10,000 instructions has as many line entries. Only those that a message shows become `SourcePosition`s.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, final

from bpfcc.diagnostics import SourcePosition

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf, InfoTable


class Segment(NamedTuple):
    """A function's part of its section's line table, and where the function lies in the linked code. All in slots."""

    table: InfoTable
    section_start: int
    linked_start: int
    length: int


@final
class LineMap(Mapping[int, SourcePosition]):
    """First slot of each line entry -> place."""

    def __init__(self, btf: Btf, segments: Sequence[Segment]) -> None:
        self._btf = btf
        self._segments = segments
        self._made: dict[int, SourcePosition] = {}

    @cached_property
    def _rows(self) -> dict[int, tuple[InfoTable, int]]:
        found: dict[int, tuple[InfoTable, int]] = {}
        for table, section_start, linked_start, length in self._segments:
            offsets = table.offsets
            first = bisect_left(offsets, 8 * section_start)
            last = bisect_left(offsets, 8 * (section_start + length))
            shift = linked_start - section_start
            for row in range(first, last):
                found[(offsets[row] >> 3) + shift] = (table, row)
        return found

    @cached_property
    def _slots(self) -> list[int]:
        return sorted(self._rows)

    @cached_property
    def _starts(self) -> list[int]:
        return [s.linked_start for s in self._segments]

    def __getitem__(self, slot: int) -> SourcePosition:
        made = self._made.get(slot)
        if made is None:
            table, row = self._rows[slot]
            at = row * table.stride
            _, file, text, line_column = table.words[at : at + 4]
            made = SourcePosition(
                self._btf.text(file) or "<unknown>", line_column >> 10, line_column & 0x3FF, text=self._btf.text(text) or None
            )
            self._made[slot] = made
        return made

    def __iter__(self) -> Iterator[int]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, slot: object) -> bool:
        return slot in self._rows

    def at(self, slot: int) -> SourcePosition | None:
        """The position that holds at a slot: the last entry at or before it in the same function."""
        before = bisect_right(self._slots, slot)
        segment = bisect_right(self._starts, slot)
        if not before or not segment or self._slots[before - 1] < self._starts[segment - 1]:
            return None
        return self[self._slots[before - 1]]
