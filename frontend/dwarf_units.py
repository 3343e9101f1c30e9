"""Units and entries of `.debug_info`, DWARF 2 to 5.

    unit = read_units(sections)[0]
    unit.root.tag                       -> 0x11, DW_TAG_compile_unit
    [e.tag for e in unit.root.children] -> subprograms; in them blocks, inlined calls, variables, parameters

Only entries that are scopes or variables become objects. Others (types, mostly) are skipped, and read one at a time
by `Unit.entry_at` when a variable's type is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from bpfcc.frontend.dwarf_reader import Cursor, DebugSections

TAG_PARAMETER: Final = 0x05
TAG_BLOCK: Final = 0x0B
TAG_COMPILE_UNIT: Final = 0x11
TAG_INLINED: Final = 0x1D
TAG_SUBPROGRAM: Final = 0x2E
TAG_VARIABLE: Final = 0x34
KEPT: Final = frozenset({TAG_PARAMETER, TAG_BLOCK, TAG_COMPILE_UNIT, TAG_INLINED, TAG_SUBPROGRAM, TAG_VARIABLE})

AT_LOCATION: Final = 0x02
AT_NAME: Final = 0x03
AT_STMT_LIST: Final = 0x10
AT_LOW_PC: Final = 0x11
AT_HIGH_PC: Final = 0x12
AT_COMP_DIR: Final = 0x1B
AT_CONST_VALUE: Final = 0x1C
AT_UPPER_BOUND: Final = 0x2F
AT_ABSTRACT_ORIGIN: Final = 0x31
AT_COUNT: Final = 0x37
AT_DECL_FILE: Final = 0x3A
AT_DECL_LINE: Final = 0x3B
AT_FRAME_BASE: Final = 0x40
AT_SPECIFICATION: Final = 0x47
AT_TYPE: Final = 0x49
AT_RANGES: Final = 0x55
AT_CALL_COLUMN: Final = 0x57
AT_CALL_FILE: Final = 0x58
AT_CALL_LINE: Final = 0x59
AT_STR_OFFSETS_BASE: Final = 0x72
AT_ADDR_BASE: Final = 0x73
AT_RNGLISTS_BASE: Final = 0x74
AT_LOCLISTS_BASE: Final = 0x8C

FIXED_FORMS: Final = {
    0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0C: 1, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x19: 0, 0x1C: 4, 0x1E: 16, 0x20: 8, 0x21: 0,
    0x24: 8, 0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2A: 2, 0x2B: 3, 0x2C: 4,
}  # fmt: skip
OFFSET_FORMS: Final = frozenset({0x0E, 0x17, 0x1D, 0x1F})
ULEB_FORMS: Final = frozenset({0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23})
REF_FORMS: Final = frozenset({0x11, 0x12, 0x13, 0x14, 0x15})
STRX_FORMS: Final = frozenset({0x1A, 0x25, 0x26, 0x27, 0x28})
ADDRX_FORMS: Final = frozenset({0x1B, 0x29, 0x2A, 0x2B, 0x2C})
FORM_ADDR: Final = 0x01
FORM_STRING: Final = 0x08
FORM_SDATA: Final = 0x0D
FORM_STRP: Final = 0x0E
FORM_REF_ADDR: Final = 0x10
FORM_INDIRECT: Final = 0x16
FORM_FLAG_PRESENT: Final = 0x19
FORM_LINE_STRP: Final = 0x1F
FORM_IMPLICIT_CONST: Final = 0x21
FORM_LOCLISTX: Final = 0x22
FORM_RNGLISTX: Final = 0x23
BLOCK_FORMS: Final = frozenset({0x03, 0x04, 0x09, 0x0A, 0x18})
MAX_DEPTH: Final = 256


class Attribute(NamedTuple):
    """An attribute as it stands: its form, and a number, string or block."""

    form: int
    value: int | str | bytes


class Spec(NamedTuple):
    name: int
    form: int
    constant: int


class Abbreviation(NamedTuple):
    """The shape of entries. `size` is that of all attributes if it is the same for every entry, else None."""

    tag: int
    has_children: bool
    specs: tuple[Spec, ...]
    size: int | None


@final
@dataclass(slots=True, eq=False)
class Entry:
    """One entry of a unit with its attributes by number."""

    unit: Unit
    tag: int
    attributes: dict[int, Attribute]
    parent: Entry | None = None
    children: list[Entry] = field(default_factory=list)

    def number(self, name: int) -> int | None:
        found = self.attributes.get(name)
        return found.value if found is not None and isinstance(found.value, int) else None

    def text(self, name: int) -> str | None:
        found = self.attributes.get(name)
        return None if found is None else self.unit.string(found)


@final
class Unit:
    """One unit: how to read its entries, and the bases of its index forms."""

    def __init__(self, sections: DebugSections, start: int, version: int, offset_size: int, address_size: int) -> None:
        self.sections: Final = sections
        self.start: Final = start
        self.version: Final = version
        self.offset_size: Final = offset_size
        self.address_size: Final = address_size
        self.abbreviations: dict[int, Abbreviation] = {}
        self.first_entry = 0
        self.end = 0
        self.root = Entry(self, 0, {})
        # What was read is kept: the budget is for reading an object once, however much is asked of it.
        self._entries: dict[int, Entry | None] = {}
        self._counts: dict[int, list[int | None]] = {}

    def base(self, name: int, default: int) -> int:
        found = self.root.number(name)
        return default if found is None else found

    def string(self, attribute: Attribute) -> str | None:
        """The text of a string attribute of any form; None for other forms."""
        if isinstance(attribute.value, str):
            return attribute.value
        if not isinstance(attribute.value, int):
            return None
        if attribute.form == FORM_STRP:
            return self.sections.cursor(".debug_str", attribute.value).string()
        if attribute.form == FORM_LINE_STRP:
            return self.sections.cursor(".debug_line_str", attribute.value).string()
        if attribute.form in STRX_FORMS:
            at = self.base(AT_STR_OFFSETS_BASE, 8) + attribute.value * self.offset_size
            return self.sections.cursor(".debug_str", self.sections.cursor(".debug_str_offsets", at).sized(self.offset_size)).string()
        return None

    def address(self, attribute: Attribute) -> int | None:
        """The address an attribute holds, directly or by index."""
        if not isinstance(attribute.value, int):
            return None
        if attribute.form in ADDRX_FORMS:
            return self.indexed_address(attribute.value)
        return attribute.value if attribute.form == FORM_ADDR else None

    def indexed_address(self, index: int) -> int:
        at = self.base(AT_ADDR_BASE, 8) + index * self.address_size
        return self.sections.cursor(".debug_addr", at).sized(self.address_size)

    def reference(self, attribute: Attribute) -> int | None:
        """The offset in `.debug_info` that an attribute refers to."""
        if not isinstance(attribute.value, int):
            return None
        if attribute.form in REF_FORMS:
            return self.start + attribute.value
        return attribute.value if attribute.form == FORM_REF_ADDR else None

    def entry_at(self, offset: int) -> Entry | None:
        """The entry at `offset` of `.debug_info`, without its children; None outside this unit."""
        if not self.first_entry <= offset < self.end:
            return None
        if offset not in self._entries:
            at = self.sections.cursor(".debug_info", offset)
            at.end = self.end
            shape = self.abbreviations.get(at.uleb())
            self._entries[offset] = None if shape is None else Entry(self, shape.tag, self._attributes(at, shape))
        return self._entries[offset]

    def array_counts(self, offset: int) -> list[int | None]:
        """The sizes of the dimensions of the array type at `offset`."""
        if offset not in self._counts:
            self._counts[offset] = self._read_counts(offset)
        return self._counts[offset]

    def _read_counts(self, offset: int) -> list[int | None]:
        at = self.sections.cursor(".debug_info", offset)
        at.end = self.end
        shape = self.abbreviations.get(at.uleb())
        counts: list[int | None] = []
        if shape is None or not shape.has_children:
            return counts
        self._attributes(at, shape)
        while len(counts) < 8:
            child = self.abbreviations.get(at.uleb())
            if child is None or child.has_children:
                break
            entry = Entry(self, child.tag, self._attributes(at, child))
            bound = entry.number(AT_UPPER_BOUND)
            counts.append(entry.number(AT_COUNT) if bound is None else bound + 1)
        return counts

    def read_entries(self) -> None:
        """Build the tree of kept entries."""
        at = self.sections.cursor(".debug_info", self.first_entry)
        at.end = self.end
        stack: list[Entry | None] = []
        while at.position < at.end:
            self.sections.budget.spend(1, at)
            code = at.uleb()
            if code == 0:
                if stack:
                    stack.pop()
                if not stack:
                    return
                continue
            shape = self.abbreviations.get(code)
            if shape is None:
                raise at.error(f"an entry of undeclared shape {code}")
            entry = self._read_entry(at, shape, stack)
            if shape.has_children:
                stack.append(entry)
                if len(stack) > MAX_DEPTH:
                    raise at.error(f"entries nested deeper than {MAX_DEPTH}")
            elif not stack:
                return

    def _read_entry(self, at: Cursor, shape: Abbreviation, stack: list[Entry | None]) -> Entry | None:
        """Read or skip one entry; what is inside a skipped one is skipped too."""
        parent = stack[-1] if stack else None
        if shape.tag not in KEPT or (stack and parent is None):
            if shape.size is not None:
                at.take(shape.size)
            else:
                self._attributes(at, shape)
            return None
        entry = Entry(self, shape.tag, self._attributes(at, shape), parent)
        if parent is None:
            self.root = entry
        else:
            parent.children.append(entry)
        return entry

    def _attributes(self, at: Cursor, shape: Abbreviation) -> dict[int, Attribute]:
        self.sections.budget.spend(len(shape.specs), at)
        return {spec.name: self.read_form(at, spec.form, spec.constant) for spec in shape.specs}

    def read_form(self, at: Cursor, form: int, constant: int = 0) -> Attribute:
        """One attribute value."""
        for _ in range(4):
            if form != FORM_INDIRECT:
                break
            form = at.uleb()
        if form in ULEB_FORMS:
            return Attribute(form, at.uleb())
        if form in OFFSET_FORMS or (form == FORM_REF_ADDR and self.version > 2):
            return Attribute(form, at.sized(self.offset_size))
        if form in (FORM_ADDR, FORM_REF_ADDR):
            return Attribute(form, at.sized(self.address_size))
        if form == FORM_FLAG_PRESENT:
            return Attribute(form, 1)
        if form == FORM_IMPLICIT_CONST:
            return Attribute(form, constant)
        if form == FORM_STRING:
            return Attribute(form, at.string())
        if form == FORM_SDATA:
            return Attribute(form, at.sleb())
        if form in BLOCK_FORMS:
            size = {0x03: at.u16, 0x04: at.u32, 0x0A: at.u8}.get(form, at.uleb)()
            return Attribute(form, at.take(size))
        size = FIXED_FORMS.get(form, 0)
        if not size:
            raise at.error(f"attribute form {form:#x}, which no version of DWARF has")
        return Attribute(form, at.sized(size))


def read_units(sections: DebugSections) -> list[Unit]:
    """Every compile unit, its entries read."""
    units: list[Unit] = []
    tables: dict[tuple[int, int], dict[int, Abbreviation]] = {}
    at = sections.cursor(".debug_info", 0)
    while at.position < at.end:
        start = at.position
        length, offset_size = at.length()
        end = at.position + length
        if end > at.end:
            raise at.error("a unit is longer than its section")
        unit, abbreviations = _read_header(sections, at, start, offset_size)
        if unit is not None:
            key = (abbreviations, offset_size)
            if key not in tables:
                tables[key] = read_abbreviations(sections, abbreviations, unit)
            unit.abbreviations = tables[key]
            unit.first_entry, unit.end = at.position, end
            unit.read_entries()
            units.append(unit)
        at.position = end
    return units


def _read_header(sections: DebugSections, at: Cursor, start: int, offset_size: int) -> tuple[Unit | None, int]:
    version = at.u16()
    if not 2 <= version <= 5:
        raise at.error(f"debug information of DWARF version {version}; 2 to 5 are known")
    kind = at.u8() if version == 5 else 1
    if version == 5:
        address_size, abbreviations = at.u8(), at.sized(offset_size)
    else:
        abbreviations, address_size = at.sized(offset_size), at.u8()
    if address_size not in (4, 8):
        raise at.error(f"addresses of {address_size} bytes")
    # Kinds of unit other than compile and partial hold types or refer to other files.
    return (Unit(sections, start, version, offset_size, address_size) if kind in (1, 3) else None), abbreviations


def read_abbreviations(sections: DebugSections, offset: int, unit: Unit) -> dict[int, Abbreviation]:
    """The table of entry shapes at `offset` of `.debug_abbrev`."""
    at = sections.cursor(".debug_abbrev", offset)
    table: dict[int, Abbreviation] = {}
    while True:
        code = at.uleb()
        if code == 0:
            return table
        tag, has_children = at.uleb(), at.u8() != 0
        specs: list[Spec] = []
        while True:
            sections.budget.spend(1, at)
            name, form = at.uleb(), at.uleb()
            constant = at.sleb() if form == FORM_IMPLICIT_CONST else 0
            if not name and not form:
                break
            specs.append(Spec(name, form, constant))
        sizes = [unit.offset_size if s.form in OFFSET_FORMS else FIXED_FORMS.get(s.form) for s in specs]
        known = [size for size in sizes if size is not None]
        table[code] = Abbreviation(tag, has_children, tuple(specs), sum(known) if len(known) == len(sizes) else None)
