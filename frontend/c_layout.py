"""Where C puts struct members, and what makes it put them where BTF says.

    struct { char a; long b; }        BTF: a at 0, b at 64       nothing to do
    struct { char a; long b; }        BTF: a at 0, b at 8        packed
    struct { char a; char b; }        BTF: a at 0, b at 32       24 bits of padding before b

The rules are those of clang for BPF: a bit-field lies in a storage unit of its type unless it would cross its end;
padding is written as bit-fields without a name, which do not align the struct.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from bpfcc.frontend.btf import types as t

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf, BtfType, Member

PADDING_BITS: Final = 64
MAX_DEPTH: Final = 64
# A struct of more padding than this is nonsense, and writing it out would take for ever.
MAX_PADDING_BITS: Final = 1 << 20


@final
@dataclass(slots=True)
class Plan:
    """How to write a struct. `padding`: before member number (one past the last: at the end), widths of bit-fields."""

    packed: bool = False
    aligned: int = 0
    padding: dict[int, list[int]] = field(default_factory=dict)


@final
class Layout:
    """Plans structs of one blob; remembers the alignment that their C definitions have."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf
        self._alignments: dict[int, int] = {}
        self._sizes: dict[int, int] = {}

    def align_of(self, type_id: int, depth: int = MAX_DEPTH) -> int:
        """Alignment in bytes of a type as it is written in C."""
        known = self._alignments.get(type_id)
        if known is None:
            known = self._align_of(self.btf.type(self.btf.skip_modifiers(type_id)), depth)
            self._alignments[type_id] = known
        return known

    def _align_of(self, found: BtfType, depth: int) -> int:
        match found.kind:
            case "ptr":
                return 8
            case "int" | "enum" | "enum64" | "float":
                # clang aligns __int128 to 16 bytes.
                return max(1, found.size & -found.size) if found.size else 1
            case "array" if depth:
                return self.align_of(found.type_id, depth - 1)
            case "struct" | "union" if depth:
                return 1 if self.is_packed(found, depth - 1) else self._widest(found, depth - 1)
            case _:
                return 1

    def _widest(self, found: BtfType, depth: int) -> int:
        return max((self.align_of(m.type_id, depth) for m in found.members), default=1)

    def is_packed(self, found: BtfType, depth: int = MAX_DEPTH) -> bool:
        """Whether C without `packed` would put a member further back, or make the whole larger."""
        align = self._widest(found, depth)
        if found.size % align:
            return True
        at = 0
        for member in found.members:
            natural = self._natural(member, at if found.kind == "struct" else 0, packed=False, depth=depth)
            if natural > member.bit_offset or (not member.bitfield_bits and member.bit_offset % (8 * self.align_of(member.type_id, depth))):
                return True
            if member.bitfield_bits and self._crosses(member):
                return True
            at = member.bit_offset + self._bits(member)
        return False

    def _bits(self, member: Member) -> int:
        return member.bitfield_bits or 8 * self._size(member.type_id)

    def _size(self, type_id: int) -> int:
        size = self._sizes.get(type_id)
        if size is None:
            target = self.btf.skip_modifiers(type_id)
            size = 0 if self.btf.kind_number(target) in (t.VOID, t.FWD, t.FUNC_PROTO) else self.btf.size_of(target)
            self._sizes[type_id] = size
        return size

    def _crosses(self, member: Member) -> bool:
        unit = 8 * self._size(member.type_id)
        return not unit or member.bit_offset // unit != (member.bit_offset + member.bitfield_bits - 1) // unit

    def _natural(self, member: Member, at: int, *, packed: bool, depth: int = MAX_DEPTH) -> int:
        """Where C puts the member when what is before it ends at bit `at`."""
        if member.bitfield_bits:
            unit = 8 * self._size(member.type_id)
            if packed or not unit or at // unit == (at + member.bitfield_bits - 1) // unit:
                return at
            return _round_up(at, unit)
        return _round_up(at, 8 if packed else 8 * self.align_of(member.type_id, depth))

    def plan(self, found: BtfType) -> Plan:
        """How to write the struct or union so that its layout is that of BTF."""
        plan = Plan(self.is_packed(found))
        align = 1 if plan.packed else self._widest(found, MAX_DEPTH)
        end = 0
        for number, member in enumerate(found.members):
            if found.kind == "struct" and member.bit_offset > self._natural(member, end, packed=plan.packed):
                plan.padding[number] = self._fill(found, end, member.bit_offset)
            end = max(end, member.bit_offset + self._bits(member)) if found.kind == "union" else member.bit_offset + self._bits(member)
        size = 8 * found.size
        if _round_up(end, 8 * align) < size:
            if found.kind == "struct":
                plan.padding[len(found.members)] = self._fill(found, end, size)
            elif found.size & -found.size == found.size:
                # A union is as large as its largest member; only alignment makes it larger.
                plan.aligned = found.size
        return plan

    def _fill(self, found: BtfType, start: int, end: int) -> list[int]:
        """Widths of bit-fields from `start` to `end`; none crosses a storage unit, so each begins where the last one ended."""
        if end - start > MAX_PADDING_BITS:
            raise self.btf.error(f"{(end - start) // 8} bytes of padding", type_id=found.id)
        widths = []
        while start < end:
            width = min(end, (start // PADDING_BITS + 1) * PADDING_BITS) - start
            widths.append(width)
            start += width
        return widths


def _round_up(bits: int, unit: int) -> int:
    return (bits + unit - 1) // unit * unit
