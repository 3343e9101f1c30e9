"""CO-RE: adapt instructions to the types of the target kernel.

    r1 = *(u64 *)(r2 + 16)      task->mm was at 16 when the program was compiled …
    r1 = *(u64 *)(r2 + 2312)    … and is at 2312 in the target

    CoreRelocator(btf, ext, lambda: target).apply(code, "kprobe/x", first_slot, linked_slot, slots, unresolved)

A relocation that the target cannot satisfy leaves its instruction alone and puts the reason into `unresolved`; programs
often test for a field first, so that the instruction is never reached. (libbpf overwrites it with an invalid call.)
All relocations of an object are worked out together and in order, because the candidates that one of them rules out
are not considered by those after it: libbpf's rule, which makes results independent of which program is asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.frontend import core_spec as core
from bpfcc.frontend.btf.types import INT_SIGNED
from bpfcc.frontend.core_compat import Comparison
from bpfcc.frontend.core_spec import NoMatchError, Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.frontend.btf import Btf, BtfExt, CoreRelocation

MASK64: Final = 0xFFFF_FFFF_FFFF_FFFF
SLOT: Final = 8
_LD, _LDX, _ST, _STX, _ALU, _ALU64 = 0, 1, 2, 3, 4, 7
_SIZE_OF_CODE: Final = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
_CODE_OF_SIZE: Final = {size: code for code, size in _SIZE_OF_CODE.items()}


class Value(NamedTuple):
    """What a relocation evaluates to in one BTF. `size` and `type_id` are those of a field that is loaded or stored."""

    number: int
    size: int = 0
    type_id: int = 0
    # Whether the compiler must have written this very number.
    certain: bool = True


NOTHING: Final = Value(0)


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """The program's value and the target's; or why there is none."""

    old: Value = NOTHING
    new: Value = NOTHING
    missing: str = ""
    # The field changed its size in a way that a load cannot make up for.
    resized: str = ""
    fault: InputError | None = None


@final
class CoreRelocator:
    """The CO-RE relocations of one object against one target."""

    def __init__(self, btf: Btf, ext: BtfExt, target: Callable[[], Btf | None], *, file: str | None = None) -> None:
        self.btf, self.ext, self.file = btf, ext, file
        self._find_target = target
        self._target: Btf | None = None
        self._comparison: Comparison | None = None
        self._budget = core.Budget()
        self._candidates: dict[int, list[int]] = {}
        self._known: dict[tuple[int, str, int], Outcome] = {}
        self._sections: dict[str, dict[int, Outcome]] | None = None
        self._slots: dict[str, list[int]] = {}

    def outcomes(self, section: str) -> dict[int, Outcome]:
        """Slot in the section -> outcome."""
        if self._sections is None:
            self._sections = {
                name: {r.insn_offset // SLOT: self._resolve(r) for r in relocations}
                for name, relocations in self.ext.core_relocations.items()
            }
        return self._sections.get(section, {})

    def apply(self, code: bytearray, section: str, first: int, linked: int, slots: int, *, unresolved: dict[int, str]) -> None:
        """Patch the slots `[first, first + slots)` of a section that lie at `linked` in `code`."""
        outcomes = self.outcomes(section)
        if section not in self._slots:
            self._slots[section] = sorted(outcomes)
        order = self._slots[section]
        for slot in order[bisect_left(order, first) : bisect_left(order, first + slots)]:
            reason = self._patch(code, section, slot, slot - first + linked, outcomes[slot])
            if reason:
                unresolved[slot - first + linked] = reason

    @property
    def target(self) -> Btf:
        """The BTF that relocations are applied against; the object's own where there is no other."""
        if self._target is None:
            self._target = self._find_target() or self.btf
            self._comparison = Comparison(self.btf, self._target, self._budget)
        return self._target

    # -- values -------------------------------------------------------------------------------------------------

    def _resolve(self, relocation: CoreRelocation) -> Outcome:
        key = (relocation.type_id, relocation.access, relocation.kind)
        found = self._known.get(key)
        if found is None:
            try:
                found = self._evaluate(relocation)
            except InputError as problem:
                found = Outcome(fault=problem)
            except NoMatchError as problem:
                found = Outcome(missing=f"CO-RE: {self._describe(relocation)} cannot be found, because {problem}")
            self._known[key] = found
        return found

    def _describe(self, relocation: CoreRelocation) -> str:
        found = self.btf.type(relocation.type_id)
        name = f"{found.kind} {found.name}"
        if relocation.kind in core.FIELD_KINDS:
            return f"field {core.parse(self.btf, relocation).path() or '[]'!r} of {name}"
        if relocation.kind in core.ENUM_KINDS:
            return f"enumerator {core.parse(self.btf, relocation).accessors[0].name!r} of {name}"
        return name

    def _evaluate(self, relocation: CoreRelocation) -> Outcome:
        kind = relocation.kind
        if kind >= len(core.KIND_NAMES):
            raise InputError(
                f"CO-RE relocation of unknown kind {kind}", file=self.file, section=".BTF.ext", insn=relocation.insn_offset // SLOT
            )
        local = core.parse(self.btf, relocation)
        self._budget.spend(10 + len(local.accessors))
        if kind == core.TYPE_ID_LOCAL:
            own = Value(local.root, certain=False)
            return Outcome(own, own)
        if not self.btf.name(relocation.type_id):
            return Outcome(missing=f"CO-RE: a type without a name cannot be looked up (type {relocation.type_id} of the program)")
        old = self._value(kind, local, local)
        found: tuple[Spec, Value] | None = None
        kept = []
        for candidate in self._candidates_of(relocation.type_id):
            spec = self._find(local, candidate, kind)
            if spec is None:
                continue
            value = self._value(kind, local, spec)
            if value is None:
                continue
            if found is not None and (spec.bit_offset, value.number) != (found[0].bit_offset, found[1].number):
                return Outcome(missing=f"CO-RE: {self._describe(relocation)} is ambiguous: several types of that name differ in it")
            found = found or (spec, value)
            kept.append(candidate)
        if kept:
            self._candidates[relocation.type_id] = kept
        new = found[1] if found is not None else self._value(kind, local, None)
        if old is None or new is None:
            there = "the type, but not this" if self._candidates_of(relocation.type_id) else "no type of that name"
            return Outcome(missing=f"CO-RE: {self._describe(relocation)} is missing: the target BTF has {there}")
        return Outcome(old, new, resized=self._resized(relocation, old, new))

    def _candidates_of(self, type_id: int) -> list[int]:
        found = self._candidates.get(type_id)
        if found is None:
            target = self.target
            kind = self.btf.kind(type_id)
            names = target.names.candidates(target, self.btf.name(type_id))
            found = [i for i in names if core.kinds_are_compatible(kind, target.kind(i))]
            self._candidates[type_id] = found
        return found

    def _find(self, local: Spec, candidate: int, kind: int) -> Spec | None:
        target = self.target
        if kind in core.TYPE_KINDS:
            comparison = self._comparison
            if comparison is None:
                return None
            same = comparison.matches if kind == core.TYPE_MATCHES else comparison.exists
            return Spec(target, candidate) if same(local.root, candidate) else None
        return core.find_in(local, target, candidate, kind, self._budget)

    def _value(self, kind: int, local: Spec, spec: Spec | None) -> Value | None:
        """The number for a place; None where the place is missing and the instruction makes no sense without."""
        if kind in (core.FIELD_EXISTS, core.TYPE_EXISTS, core.TYPE_MATCHES, core.ENUMVAL_EXISTS):
            return Value(int(spec is not None))
        if spec is None:
            return Value(0) if kind in core.TYPE_KINDS else None
        if kind == core.TYPE_ID_TARGET:
            return Value(spec.root, certain=False)
        if kind == core.TYPE_SIZE:
            return Value(spec.btf.size_of(spec.root))
        if kind == core.ENUMVAL_VALUE:
            step = spec.accessors[0]
            return Value(spec.btf.type(step.type_id).enumerators[step.position].value & MASK64)
        return self._field_value(kind, spec)

    def _field_value(self, kind: int, spec: Spec) -> Value:
        btf, step = spec.btf, spec.accessors[-1]
        if step.name is None:
            if kind == core.FIELD_BYTE_OFFSET:
                return Value(spec.bit_offset // 8, _element_size(btf, step.type_id), step.type_id)
            if kind == core.FIELD_BYTE_SIZE:
                return Value(btf.size_of(step.type_id))
            raise NoMatchError(f"{core.KIND_NAMES[kind]} does not apply to an array element")
        member = btf.type(step.type_id).members[step.position]
        type_id = btf.skip_modifiers(member.type_id)
        if member.bitfield_bits:
            byte_offset, byte_size = _bitfield_place(spec.bit_offset, member.bitfield_bits, btf.size_of(type_id))
            bits = member.bitfield_bits
        else:
            byte_offset, byte_size = spec.bit_offset // 8, btf.size_of(type_id)
            bits = 8 * byte_size
        certain = not member.bitfield_bits
        match kind:
            case core.FIELD_BYTE_OFFSET:
                return Value(byte_offset, 0 if member.bitfield_bits else _element_size(btf, type_id), type_id, certain)
            case core.FIELD_BYTE_SIZE:
                return Value(byte_size, certain=certain)
            case core.FIELD_SIGNED:
                found = btf.type(type_id)
                return Value(int(found.kind in ("int", "enum", "enum64") and found.signed))
            case core.FIELD_RSHIFT_U64:
                return Value((64 - bits) & MASK64)
            case _:
                if self.btf.endian == "little":
                    return Value((64 - (spec.bit_offset + bits - byte_offset * 8)) & MASK64, certain=certain)
                return Value(((8 - byte_size) * 8 + spec.bit_offset - byte_offset * 8) & MASK64, certain=certain)

    def _resized(self, relocation: CoreRelocation, old: Value, new: Value) -> str:
        """Why a field of another size cannot be loaded; pointers and unsigned integers can, they are zero-extended."""
        if old.size == new.size:
            return ""
        a, b = self.btf.type(old.type_id), self.target.type(new.type_id)
        if a.kind == b.kind == "ptr" or (a.kind == b.kind == "int" and INT_SIGNED not in (a.encoding, b.encoding)):
            return ""
        return (
            f"CO-RE: {self._describe(relocation)} has {new.size} bytes in the target, {old.size} in the program, and is no unsigned integer"
        )

    # -- instructions -------------------------------------------------------------------------------------------

    def _patch(self, code: bytearray, section: str, slot: int, linked: int, outcome: Outcome) -> str:
        """Write the new value; returns the reason where that is not possible."""
        if outcome.fault is not None:
            raise outcome.fault
        if outcome.missing:
            return outcome.missing
        at = linked * SLOT
        opcode = code[at]
        match opcode & 7:
            case core_class if core_class in (_ALU, _ALU64) and not opcode & 8:
                self._expect(section, slot, int.from_bytes(code[at + 4 : at + 8], "little", signed=True), outcome.old, 0xFFFF_FFFF)
                code[at + 4 : at + 8] = (outcome.new.number & 0xFFFF_FFFF).to_bytes(4, "little")
            case core_class if core_class in (_LDX, _ST, _STX):
                return self._patch_memory(code, section, slot, at, outcome)
            case core_class if core_class == _LD and opcode == 0x18 and at + 16 <= len(code):
                imm = int.from_bytes(code[at + 4 : at + 8] + code[at + 12 : at + 16], "little")
                self._expect(section, slot, imm, outcome.old, MASK64)
                number = outcome.new.number.to_bytes(8, "little")
                code[at + 4 : at + 8], code[at + 12 : at + 16] = number[:4], number[4:]
            case _:
                raise InputError(
                    f"a CO-RE relocation of an instruction with opcode {opcode:#04x}", file=self.file, section=section, insn=slot
                )
        return ""

    def _expect(self, section: str, slot: int, written: int, old: Value, mask: int) -> None:
        if old.certain and (written ^ old.number) & mask:
            raise InputError(
                f"a CO-RE relocation expects {old.number}, but the instruction holds {written}", file=self.file, section=section, insn=slot
            )

    def _patch_memory(self, code: bytearray, section: str, slot: int, at: int, outcome: Outcome) -> str:
        old, new = outcome.old, outcome.new
        self._expect(section, slot, int.from_bytes(code[at + 2 : at + 4], "little", signed=True), old, 0xFFFF)
        if new.number > 0x7FFF:
            return f"CO-RE: the field is at byte {new.number} in the target, too far for an instruction"
        if outcome.resized:
            return outcome.resized
        if new.size != old.size:
            if _SIZE_OF_CODE[code[at] & 0x18] != old.size:
                raise InputError(
                    f"a CO-RE relocation of a field of {old.size} bytes, loaded otherwise", file=self.file, section=section, insn=slot
                )
            if new.size not in _CODE_OF_SIZE:
                return f"CO-RE: the field has {new.size} bytes in the target, which no instruction loads"
            code[at] = (code[at] & ~0x18) | _CODE_OF_SIZE[new.size]
        code[at + 2 : at + 4] = new.number.to_bytes(2, "little")
        return ""


def _element_size(btf: Btf, type_id: int) -> int:
    """Size of what a load of the field loads: of arrays, an element."""
    for _ in range(core.MAX_STEPS):
        type_id = btf.skip_modifiers(type_id)
        if btf.kind(type_id) != "array":
            return btf.size_of(type_id)
        type_id = btf.type(type_id).type_id
    raise NoMatchError("the field's arrays nest too deeply")


def _bitfield_place(bit_offset: int, bits: int, size: int) -> tuple[int, int]:
    """Byte offset and size of the smallest aligned load that holds the bits, beginning with the declared type's size."""
    if size not in (1, 2, 4, 8):
        raise NoMatchError(f"a bit-field of a type of {size} bytes")
    byte_offset = bit_offset // 8 // size * size
    while bit_offset + bits - byte_offset * 8 > size * 8:
        if size >= 8:
            raise NoMatchError("the bit-field does not fit into a 64-bit load")
        size *= 2
        byte_offset = bit_offset // 8 // size * size
    return byte_offset, size
