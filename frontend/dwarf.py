"""Debug information of an object: source lines, inlined calls, and where variables are.

    info = DebugInfo.from_elf(data)
    info.lines("xdp")              -> {0: SourcePosition("/src/drop.c", 14, 9), …}
    info.scopes_at("xdp", 12)      -> [InlinedScope("filter"), InlinedScope("parse_ip", call=SourcePosition(…, 88, 12))]
    info.variables_at("xdp", 12)   -> [Variable("ip", "struct iphdr *", Register(6), ((8, 31),)), …]

Sections and slots are those of the object, before linking. DWARF 2 to 5. Nothing is read before it is asked for; an
object without debug information has no lines and no variables; a malformed one raises InputError.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from bpfcc.diagnostics import SourcePosition
from bpfcc.frontend.dwarf_frame import frame_bytes
from bpfcc.frontend.dwarf_lines import LineTable
from bpfcc.frontend.dwarf_locations import FrameOffset, Location, OptimisedOut, Pieces, Place, function_of, places_of, ranges_of
from bpfcc.frontend.dwarf_reader import SECTION_SHIFT, DebugSections
from bpfcc.frontend.dwarf_units import (
    AT_ABSTRACT_ORIGIN,
    AT_CALL_COLUMN,
    AT_CALL_FILE,
    AT_CALL_LINE,
    AT_DECL_FILE,
    AT_DECL_LINE,
    AT_NAME,
    AT_SPECIFICATION,
    AT_TYPE,
    TAG_BLOCK,
    TAG_INLINED,
    TAG_PARAMETER,
    TAG_SUBPROGRAM,
    TAG_VARIABLE,
    Entry,
    Unit,
    read_units,
)
from bpfcc.frontend.elf import ElfFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from bpfcc.frontend.dwarf_locations import Span

MAX_LINE: Final = 1 << 31
MAX_CHAIN: Final = 16
SLOT_BYTES: Final = 8
TYPE_WORDS: Final = {0x13: "struct", 0x17: "union", 0x04: "enum"}
QUALIFIERS: Final = {0x26: "const", 0x35: "volatile", 0x37: "restrict", 0x47: "_Atomic"}
TAG_POINTER: Final = 0x0F
TAG_ARRAY: Final = 0x01
TAG_FUNCTION_TYPE: Final = 0x15


@final
@dataclass(frozen=True, slots=True)
class InlinedScope:
    """A function that an instruction belongs to; `call` is where it was inlined, None for the function itself."""

    function: str
    call: SourcePosition | None = None


@final
@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in scope at an instruction.

    `location` holds there; `ranges` are the slots [first, end) of the section for which it is the same.
    `function` is the C function it belongs to, which may have been inlined.
    """

    name: str
    type_name: str
    location: Location
    ranges: tuple[tuple[int, int], ...]
    function: str
    is_parameter: bool
    declared: SourcePosition | None = None


@final
class DebugInfo:
    """The debug information of one object."""

    def __init__(self, elf: ElfFile) -> None:
        self._sections: Final = DebugSections(elf)
        self._frames: dict[Entry, int] = {}
        self._places: dict[Entry, list[Place]] = {}

    @classmethod
    def from_elf(cls, data: bytes, *, file: str | None = None) -> Self:
        """Open an object; its debug sections are read when they are asked for."""
        return cls(ElfFile(data, file=file))

    @property
    def present(self) -> bool:
        """Whether there is debug information."""
        return self._sections.has(".debug_info")

    def lines(self, section: str) -> dict[int, SourcePosition]:
        """First slot of each line entry of a code section -> place."""
        return self._lines.get(self._sections.code.get(section, -1), {})

    def scopes_at(self, section: str, slot: int) -> list[InlinedScope]:
        """The function at a slot, then the functions inlined there, each into the one before."""
        found = []
        for entry in self._scopes(section, slot):
            if entry.tag == TAG_SUBPROGRAM:
                found.append(InlinedScope(self._name(entry)))
            elif entry.tag == TAG_INLINED:
                found.append(InlinedScope(self._name(entry), self._position(entry, AT_CALL_FILE, AT_CALL_LINE, AT_CALL_COLUMN)))
        return found

    def variables_at(self, section: str, slot: int) -> list[Variable]:
        """Variables and parameters in scope at a slot, of the innermost scope first."""
        found: list[Variable] = []
        function = ""
        address = self._address(section, slot)
        for entry in self._scopes(section, slot):
            if entry.tag != TAG_BLOCK:
                function = self._name(entry)
            inner = [self._variable(child, address, function) for child in entry.children if child.tag in (TAG_VARIABLE, TAG_PARAMETER)]
            found[:0] = [variable for variable in inner if variable.name]
        return found

    # --- what the public methods are made of ---

    @cached_property
    def _units(self) -> list[Unit]:
        return read_units(self._sections) if self.present else []

    @cached_property
    def _tables(self) -> dict[Unit, LineTable]:
        return {unit: LineTable(unit) for unit in self._units}

    @cached_property
    def _lines(self) -> dict[int, dict[int, SourcePosition]]:
        found: dict[int, dict[int, SourcePosition]] = {}
        for table in self._tables.values():
            names: dict[int, str] = {}
            for row in table.rows:
                section, offset = self._sections.place(row.address)
                if row.end or not section or not 0 < row.line < MAX_LINE:
                    continue
                if row.file not in names:
                    names[row.file] = table.file_name(row.file)
                column = row.column if row.column < MAX_LINE else 0
                found.setdefault(section, {})[offset // SLOT_BYTES] = SourcePosition(names[row.file], row.line, column)
        return {section: dict(sorted(rows.items())) for section, rows in found.items()}

    @cached_property
    def _functions(self) -> list[tuple[Span, Entry]]:
        """Address ranges of concrete functions, by start."""
        found = [
            (span, entry)
            for unit in self._units
            for entry in unit.root.children
            if entry.tag == TAG_SUBPROGRAM
            for span in ranges_of(entry)
        ]
        return sorted(found, key=lambda pair: pair[0])

    def _address(self, section: str, slot: int) -> int:
        return (self._sections.code.get(section, 0) << SECTION_SHIFT) + SLOT_BYTES * slot

    def _scopes(self, section: str, slot: int) -> Iterator[Entry]:
        """The concrete function at a slot, and what is nested in it there, outermost first."""
        if section not in self._sections.code:
            return
        address = self._address(section, slot)
        at = bisect_right(self._functions, address, key=lambda pair: pair[0].start) - 1
        if at < 0 or not _covers(self._functions[at][0], address):
            return
        entry: Entry | None = self._functions[at][1]
        while entry is not None:
            yield entry
            entry = next(
                (c for c in entry.children if c.tag in (TAG_BLOCK, TAG_INLINED) and any(_covers(s, address) for s in ranges_of(c))), None
            )

    def _origin(self, entry: Entry) -> Entry:
        """What an entry is an instance of, where it says so."""
        for _ in range(MAX_CHAIN):
            attribute = entry.attributes.get(AT_ABSTRACT_ORIGIN) or entry.attributes.get(AT_SPECIFICATION)
            origin = None if attribute is None else self._entry_at(entry.unit.reference(attribute))
            if origin is None:
                break
            entry = origin
        return entry

    def _entry_at(self, offset: int | None) -> Entry | None:
        if offset is None:
            return None
        at = bisect_right(self._units, offset, key=lambda unit: unit.start) - 1
        return self._units[at].entry_at(offset) if at >= 0 else None

    def _name(self, entry: Entry) -> str:
        return entry.text(AT_NAME) or self._origin(entry).text(AT_NAME) or ""

    def _position(self, entry: Entry, file: int, line: int, column: int | None = None) -> SourcePosition | None:
        number = entry.number(line)
        if number is None or not 0 < number < MAX_LINE:
            return None
        at = entry.number(column) if column is not None else 0
        return SourcePosition(self._tables[entry.unit].file_name(entry.number(file) or 0), number, at if at and at < MAX_LINE else 0)

    def _variable(self, entry: Entry, address: int, function: str) -> Variable:
        origin = self._origin(entry)
        if entry not in self._places:
            self._places[entry] = places_of(entry, function_of(entry))
        places = self._places[entry]
        here = next((p for p in places if p.span is None or _covers(p.span, address)), None)
        location = here.location if here is not None else OptimisedOut()
        holds = [s for p in places if p.location == location for s in ([p.span] if p.span is not None else self._scope_ranges(entry))]
        return Variable(
            name=origin.text(AT_NAME) or "",
            type_name=self._type_name(entry if AT_TYPE in entry.attributes else origin),
            location=self._from_r10(location, entry),
            ranges=tuple(_slots(span) for span in holds),
            function=function,
            is_parameter=entry.tag == TAG_PARAMETER,
            declared=self._position(origin, AT_DECL_FILE, AT_DECL_LINE),
        )

    def _from_r10(self, location: Location, entry: Entry) -> Location:
        """Frame offsets count from the lowest byte of the frame (see `dwarf_frame`); what is given out counts from r10."""
        if isinstance(location, Pieces):
            return Pieces(tuple((self._from_r10(part, entry), size) for part, size in location.parts))
        function = function_of(entry)
        if not isinstance(location, FrameOffset) or location.offset_bytes < 0 or function is None:
            return location
        if function not in self._frames:
            self._frames[function] = frame_bytes(self._sections, ranges_of(function))
        size = self._frames[function]
        # A frame that the code does not use holds nothing.
        return FrameOffset(location.offset_bytes - size) if location.offset_bytes < size else OptimisedOut()

    @staticmethod
    def _scope_ranges(entry: Entry) -> list[Span]:
        return ranges_of(entry.parent) if entry.parent is not None else []

    def _type_name(self, entry: Entry, depth: int = 0) -> str:
        """The type of an entry as C writes it, near enough for a message."""
        attribute = entry.attributes.get(AT_TYPE)
        if attribute is None:
            return "void"
        offset = entry.unit.reference(attribute)
        target = self._entry_at(offset)
        if target is None or offset is None or depth > MAX_CHAIN:
            return "?"
        if target.tag in QUALIFIERS:
            inner = self._type_name(target, depth + 1)
            return f"{inner} {QUALIFIERS[target.tag]}" if inner.endswith("*") else f"{QUALIFIERS[target.tag]} {inner}"
        if target.tag == TAG_POINTER:
            inner = self._type_name(target, depth + 1)
            return f"{inner}*" if inner.endswith("*") else f"{inner} *"
        if target.tag == TAG_ARRAY:
            counts = target.unit.array_counts(offset)
            return self._type_name(target, depth + 1) + "".join(f"[{'' if c is None else c}]" for c in counts or [None])
        if target.tag == TAG_FUNCTION_TYPE:
            return f"{self._type_name(target, depth + 1)} (…)"
        name = target.text(AT_NAME) or "{…}"
        word = TYPE_WORDS.get(target.tag)
        return f"{word} {name}" if word else name


def _covers(span: Span, address: int) -> bool:
    return span.start <= address < span.end


def _slots(span: Span) -> tuple[int, int]:
    """The slots of one section that an address range covers."""
    section = span.start >> SECTION_SHIFT << SECTION_SHIFT
    return (span.start - section) // SLOT_BYTES, (span.end - section + SLOT_BYTES - 1) // SLOT_BYTES
