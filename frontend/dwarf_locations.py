"""Where a variable is: address ranges, location lists, location expressions.

DW_OP_reg6                         Register(6)
DW_OP_fbreg -16                    FrameOffset(-16)
DW_OP_consts 3, DW_OP_stack_value  Constant(3)
nothing                            OptimisedOut()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.frontend.dwarf_units import (
    AT_CONST_VALUE,
    AT_FRAME_BASE,
    AT_HIGH_PC,
    AT_LOCATION,
    AT_LOCLISTS_BASE,
    AT_LOW_PC,
    AT_RANGES,
    AT_RNGLISTS_BASE,
    BLOCK_FORMS,
    FORM_ADDR,
    FORM_LOCLISTX,
    FORM_RNGLISTX,
    FORM_STRING,
    TAG_SUBPROGRAM,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.frontend.dwarf_reader import Cursor
    from bpfcc.frontend.dwarf_units import Entry, Unit

FRAME_REGISTER: Final = 10
MASK64: Final = (1 << 64) - 1
OP_STACK_VALUE: Final = 0x9F
OP_PIECE: Final = 0x93


@final
@dataclass(frozen=True, slots=True)
class Register:
    """The value is in register `number`."""

    number: int

    def __str__(self) -> str:
        return f"r{self.number}"


@final
@dataclass(frozen=True, slots=True)
class FrameOffset:
    """The variable is memory at r10 + `offset_bytes`."""

    offset_bytes: int

    def __str__(self) -> str:
        return f"r10{self.offset_bytes:+d}"


@final
@dataclass(frozen=True, slots=True)
class Constant:
    """The value is known and is nowhere in the program."""

    value: int

    def __str__(self) -> str:
        return str(self.value)


@final
@dataclass(frozen=True, slots=True)
class StaticData:
    """The variable is memory of a data section."""

    section: str
    offset_bytes: int

    def __str__(self) -> str:
        return f"{self.section}+{self.offset_bytes:#x}"


@final
@dataclass(frozen=True, slots=True)
class Computed:
    """Register `register` plus `addend`: the value itself, or with `in_memory` the address of the variable."""

    register: int
    addend: int
    in_memory: bool

    def __str__(self) -> str:
        text = f"r{self.register}{self.addend:+d}"
        return f"*({text})" if self.in_memory else text


@final
@dataclass(frozen=True, slots=True)
class Expression:
    """A value that is computed in a way no other location says; the bytes are a DWARF expression."""

    code: bytes

    def __str__(self) -> str:
        return f"expression {self.code.hex()}"


@final
@dataclass(frozen=True, slots=True)
class Pieces:
    """A variable in parts, first part first: (location, size in bytes)."""

    parts: tuple[tuple[Location, int], ...]

    def __str__(self) -> str:
        return ", ".join(f"{location} ({size} bytes)" for location, size in self.parts)


@final
@dataclass(frozen=True, slots=True)
class OptimisedOut:
    """The variable has no value here."""

    def __str__(self) -> str:
        return "optimised out"


Location = Register | FrameOffset | Constant | StaticData | Computed | Expression | Pieces | OptimisedOut


class Span(NamedTuple):
    """Addresses from `start` up to `end`, which is not included."""

    start: int
    end: int


class Place(NamedTuple):
    """A location and where it holds; `span` None means wherever the variable is in scope."""

    span: Span | None
    location: Location


# --- ranges ----------------------------------------------------------------------------------------------------------


def ranges_of(entry: Entry) -> list[Span]:
    """The addresses of a function, block or inlined call."""
    unit, attributes = entry.unit, entry.attributes
    ranges = attributes.get(AT_RANGES)
    if ranges is not None and isinstance(ranges.value, int):
        return list(_range_list(unit, ranges.form, ranges.value))
    low, high = attributes.get(AT_LOW_PC), attributes.get(AT_HIGH_PC)
    start = unit.address(low) if low is not None else None
    if start is None or high is None or not isinstance(high.value, int):
        return []
    end = unit.address(high)
    return [Span(start, start + high.value if end is None else end)]


def unit_base(unit: Unit) -> int:
    low = unit.root.attributes.get(AT_LOW_PC)
    return (unit.address(low) or 0) if low is not None else 0


def _range_list(unit: Unit, form: int, value: int) -> Iterator[Span]:
    if unit.version < 5:
        yield from _pairs(unit, unit.sections.cursor(".debug_ranges", value))
        return
    at = unit.sections.cursor(".debug_rnglists", _list_offset(unit, ".debug_rnglists", AT_RNGLISTS_BASE, form == FORM_RNGLISTX, value))
    base = unit_base(unit)
    while True:
        unit.sections.budget.spend(1, at)
        kind = at.u8()
        match kind:
            case 0:
                return
            case 1:
                base = unit.indexed_address(at.uleb())
            case 2:
                yield Span(unit.indexed_address(at.uleb()), unit.indexed_address(at.uleb()))
            case 3:
                start = unit.indexed_address(at.uleb())
                yield Span(start, start + at.uleb())
            case 4:
                yield Span(base + at.uleb(), base + at.uleb())
            case 5:
                base = at.sized(unit.address_size)
            case 6:
                yield Span(at.sized(unit.address_size), at.sized(unit.address_size))
            case 7:
                start = at.sized(unit.address_size)
                yield Span(start, start + at.uleb())
            case _:
                raise at.error(f"range list entry of kind {kind}")


def _list_offset(unit: Unit, section: str, base_name: int, indexed: bool, value: int) -> int:
    if not indexed:
        return value
    base = unit.base(base_name, 12 if unit.offset_size == 4 else 20)
    return base + unit.sections.cursor(section, base + value * unit.offset_size).sized(unit.offset_size)


def _pairs(unit: Unit, at: Cursor) -> Iterator[Span]:
    """Entries of the DWARF 2 to 4 lists: pairs of addresses; the cursor is behind the pair when it is given out."""
    base, last = unit_base(unit), (1 << (8 * unit.address_size)) - 1
    while True:
        unit.sections.budget.spend(1, at)
        start, end = at.sized(unit.address_size), at.sized(unit.address_size)
        if start == 0 and end == 0:
            return
        if start == last:
            base = end
        else:
            yield Span((base + start) & MASK64, (base + end) & MASK64)


# --- locations -------------------------------------------------------------------------------------------------------


def places_of(entry: Entry, frame: Entry | None) -> list[Place]:
    """Where a variable is, and for which addresses. `frame` is its function, whose frame base counts."""
    constant = entry.attributes.get(AT_CONST_VALUE)
    if constant is not None:
        value = constant.value
        if isinstance(value, bytes):
            value = int.from_bytes(value, "little" if entry.unit.sections.elf.order == "<" else "big")
        return [Place(None, Constant(value))] if isinstance(value, int) else []
    location = entry.attributes.get(AT_LOCATION)
    if location is None or location.form == FORM_STRING:
        return []
    reader = _Reader(entry.unit, frame)
    if location.form in BLOCK_FORMS and isinstance(location.value, bytes):
        return [Place(None, reader.location(location.value))]
    if isinstance(location.value, int) and location.form != FORM_ADDR:
        return [Place(span, reader.location(code)) for span, code in _location_list(entry.unit, location.form, location.value)]
    return []


def _location_list(unit: Unit, form: int, value: int) -> Iterator[tuple[Span | None, bytes]]:
    if unit.version < 5:
        at = unit.sections.cursor(".debug_loc", value)
        for pair in _pairs(unit, at):
            yield pair, at.take(at.u16())
        return
    at = unit.sections.cursor(".debug_loclists", _list_offset(unit, ".debug_loclists", AT_LOCLISTS_BASE, form == FORM_LOCLISTX, value))
    base = unit_base(unit)
    while True:
        unit.sections.budget.spend(1, at)
        kind = at.u8()
        span: Span | None
        match kind:
            case 0:
                return
            case 1:
                base = unit.indexed_address(at.uleb())
                continue
            case 2:
                span = Span(unit.indexed_address(at.uleb()), unit.indexed_address(at.uleb()))
            case 3:
                start = unit.indexed_address(at.uleb())
                span = Span(start, start + at.uleb())
            case 4:
                span = Span(base + at.uleb(), base + at.uleb())
            case 5:
                span = None
            case 6:
                base = at.sized(unit.address_size)
                continue
            case 7:
                span = Span(at.sized(unit.address_size), at.sized(unit.address_size))
            case 8:
                start = at.sized(unit.address_size)
                span = Span(start, start + at.uleb())
            case _:
                raise at.error(f"location list entry of kind {kind}")
        yield span, at.take(at.uleb())


@final
class _Reader:
    """Location expressions of one variable."""

    def __init__(self, unit: Unit, frame: Entry | None) -> None:
        self.unit = unit
        self.frame = frame

    def location(self, code: bytes) -> Location:
        """What `code` says, part by part where it says so."""
        parts: list[tuple[Location, int]] = []
        start = position = 0
        while position < len(code):
            after = self._skip(code, position)
            if after is None:
                return Expression(code)
            if code[position] == OP_PIECE:
                parts.append((self._simple(code[start:position]), _uleb(code, position + 1)[0]))
                start = after
            position = after
        return Pieces(tuple(parts)) if parts else self._simple(code)

    def _skip(self, code: bytes, at: int) -> int | None:
        """The position after the operation at `at`; None for one that is not known here."""
        op = code[at]
        if op in _NO_OPERANDS:
            end = at + 1
        elif op in _FIXED_OPERANDS:
            end = at + 1 + _FIXED_OPERANDS[op]
        elif op in _LEB_OPERANDS:
            end = at + 1
            for _ in range(_LEB_OPERANDS[op]):
                end = _uleb(code, end)[1]
        elif op == 0x03:
            end = at + 1 + self.unit.address_size
        else:
            return None
        return end if end <= len(code) else None

    def _simple(self, code: bytes) -> Location:
        """A location without pieces."""
        if not code:
            return OptimisedOut()
        op = code[0]
        if 0x50 <= op <= 0x6F and len(code) == 1:
            return Register(op - 0x50)
        if op == 0x90 and _uleb(code, 1)[1] == len(code):
            return Register(_uleb(code, 1)[0])
        if op == 0x91:
            return self._at_register(self._frame_register(), code, 1, via_frame=True) or Expression(code)
        if 0x70 <= op <= 0x8F:
            return self._at_register(op - 0x70, code, 1, via_frame=False) or Expression(code)
        if op in (0x03, 0xA1):
            return self._static(code) or Expression(code)
        return self._constant(code) or Expression(code)

    def _at_register(self, register: int | None, code: bytes, at: int, *, via_frame: bool) -> Location | None:
        offset, after = _sleb(code, at)
        if register is None:
            return None
        rest = code[after:]
        if rest == bytes([OP_STACK_VALUE]) and not via_frame:
            return Computed(register, offset, in_memory=False)
        if rest:
            return None
        return FrameOffset(offset) if register == FRAME_REGISTER else Computed(register, offset, in_memory=True)

    def _frame_register(self) -> int | None:
        frame = self.frame.attributes.get(AT_FRAME_BASE) if self.frame is not None else None
        code = frame.value if frame is not None else b""
        if isinstance(code, bytes) and len(code) == 1 and 0x50 <= code[0] <= 0x6F:
            return code[0] - 0x50
        return None

    def _static(self, code: bytes) -> Location | None:
        if code[0] == 0x03:
            size = self.unit.address_size
            address, after = int.from_bytes(code[1 : 1 + size], "little" if self.unit.sections.elf.order == "<" else "big"), 1 + size
        else:
            index, after = _uleb(code, 1)
            address = self.unit.indexed_address(index)
        index, offset = self.unit.sections.place(address)
        section = self.unit.sections.elf.section_at(index)
        return StaticData(section.name, offset) if section is not None and after == len(code) else None

    def _constant(self, code: bytes) -> Location | None:
        """A number pushed and taken as the value."""
        order = self.unit.sections.elf.order
        op = code[0]
        if 0x30 <= op <= 0x4F:
            value, after = op - 0x30, 1
        elif op in (0x10, 0x11):
            value, after = (_uleb if op == 0x10 else _sleb)(code, 1)
        elif op in range(0x08, 0x10):
            after = 1 + (1, 1, 2, 2, 4, 4, 8, 8)[op - 0x08]
            value = int.from_bytes(code[1:after], "little" if order == "<" else "big", signed=bool(op & 1))
        elif op == 0x9E:
            size, start = _uleb(code, 1)
            return Constant(int.from_bytes(code[start : start + size], "little" if order == "<" else "big"))
        else:
            return None
        return Constant(value) if code[after:] == bytes([OP_STACK_VALUE]) else None


_NO_OPERANDS: Final = frozenset({0x06, *range(0x12, 0x15), 0x16, 0x17, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x21, 0x22,
                                 0x24, 0x25, 0x26, 0x27, *range(0x29, 0x2F), *range(0x30, 0x70), 0x96, 0x97, 0x9C, 0x9F})  # fmt: skip
_FIXED_OPERANDS: Final = {0x08: 1, 0x09: 1, 0x0A: 2, 0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8, 0x0F: 8, 0x15: 1, 0x28: 2, 0x2F: 2, 0x94: 1}
_LEB_OPERANDS: Final = {
    0x10: 1, 0x11: 1, 0x23: 1, **dict.fromkeys(range(0x70, 0x90), 1), 0x90: 1, 0x91: 1, 0x92: 2, 0x93: 1, 0xA1: 1, 0xA2: 1,
    0xA8: 1, 0xA9: 1,
}  # fmt: skip


def _uleb(code: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(code):
        byte = code[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at
    # One past the end tells callers that compare positions that the expression is cut off.
    return value, len(code) + 1


def _sleb(code: bytes, at: int) -> tuple[int, int]:
    value, after = _uleb(code, at)
    bits = 7 * (min(after, len(code)) - at)
    return (value - (1 << bits) if bits and value >> (bits - 1) else value), after


def function_of(entry: Entry) -> Entry | None:
    """The concrete function an entry is in: its frame base is what frame offsets count from."""
    current: Entry | None = entry
    while current is not None and current.tag != TAG_SUBPROGRAM:
        current = current.parent
    return current
