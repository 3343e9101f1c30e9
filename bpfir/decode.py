"""Bytes to instructions, with every reserved field checked.

    decode(bytes.fromhex("bf16000000000000"))     ->  [Insn(opcode=0xbf, dst=6, src=1, off=0, imm=0)]
    decode(bytes.fromhex("0f12000001000000"))     ->  InputError: instruction 0: reserved field imm of add64_reg is 1, must be 0

One entry for each 8-byte slot, so that list indices are instruction indices; the second slot of `lddw` is None.
Where jumps lead is not looked at here.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir import isa
from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa_table import SELECT, form_of
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.bpfir.isa import Form
    from bpfcc.bpfir.module import Endian

SLOT_BYTES: Final = 8

# opcode and registers as one number, off, imm
_SLOT: Final = struct.Struct("<Hhi")
_SLOT_BIG: Final = struct.Struct(">BBhi")
_SLOT_LITTLE: Final = struct.Struct("<BBhi")

# (opcode, dst, src, whether off is free, whether imm is free)
_Head = tuple[int, int, int, bool, bool]
# (opcode and registers, off, imm)
_Fields = tuple[int, int, int]


def _register_fault(name: str, rule: isa.RegisterRule, register: int) -> str | None:
    if isinstance(rule, int):
        return None if register == rule else f"reserved field {name} is {register}, must be {rule}"
    if register >= isa.REGISTERS:
        return f"register r{register} does not exist"
    if register == isa.FRAME_POINTER and "w" in rule:
        return "r10 is read-only"
    return None


def _number_fault(name: str, rule: isa.OffRule | isa.ImmRule, value: int) -> str | None:
    if isinstance(rule, int):
        return None if value == rule else f"reserved field {name} is {value}, must be {rule}"
    if rule == "register" and not 0 <= value < isa.REGISTERS:
        return f"register r{value} does not exist"
    if rule == "spaces" and value & 0xFFFF == value >> 16 & 0xFFFF:
        return f"both address spaces are {value & 0xFFFF}"
    return None


def _range_fault(insn: Insn) -> str | None:
    for name, low, high in (
        ("opcode", 0, 0xFF),
        ("dst", 0, 15),
        ("src", 0, 15),
        ("off", -0x8000, 0x7FFF),
        ("imm", -0x8000_0000, 0x7FFF_FFFF),
        ("imm2", -0x8000_0000, 0x7FFF_FFFF),
    ):
        value: int = getattr(insn, name)
        if not low <= value <= high:
            return f"field {name} is {value}, outside {low} to {high}"
    return None


def _undefined(insn: Insn) -> str:
    choice = SELECT.get(insn.opcode)
    if choice is None:
        return f"opcode {insn.opcode:#04x} is not defined"
    return f"opcode {insn.opcode:#04x} is not defined with {choice[0]} {getattr(insn, choice[0])}"


def _fields_fault(insn: Insn, form: Form) -> str | None:
    fault = (
        _register_fault("dst", form.dst, insn.dst)
        or _register_fault("src", form.src, insn.src)
        or _number_fault("off", form.off, insn.off)
        or _number_fault("imm", form.imm, insn.imm)
        or (f"reserved field imm of the second slot is {insn.imm2}, must be 0" if form.imm2 == 0 and insn.imm2 else None)
    )
    return f"{form.name}: {fault}" if fault else None


def fault_of(insn: Insn) -> str | None:
    """What is wrong with the fields of `insn`, or None where it is an instruction of the table."""
    fault = _range_fault(insn)
    if fault is not None:
        return fault
    form = form_of(insn)
    return _undefined(insn) if form is None else _fields_fault(insn, form)


@final
class _Heads(dict[int, _Head | None]):
    """(opcode and registers) -> what off and imm may be besides 0, worked out when first met.

    None, and off or imm other than what the entry allows, is not yet wrong: `_decode_rare` looks at it in full.
    """

    def __missing__(self, head: int) -> _Head | None:
        insn = Insn(head & 0xFF, head >> 8 & 15, head >> 12)
        form = form_of(insn)
        entry = None
        if form is not None and form.slots == 1 and form.supported and _fields_fault(insn, form) is None:
            free = (form.off != 0, form.imm != 0)
            entry = (insn.opcode, insn.dst, insn.src, *free)
        self[head] = entry
        return entry


_HEADS: Final = _Heads()


@final
class _Place:
    """Where the code comes from, for messages."""

    __slots__ = ("file", "section")

    def __init__(self, file: str | None, section: str | None) -> None:
        self.file = file
        self.section = section

    def error(self, message: str, slot: int) -> InputError:
        return InputError(message, file=self.file, section=self.section, insn=slot)


def _decode_rare(first: _Fields, rest: Iterator[_Fields], slot: int, place: _Place) -> tuple[Insn, Form]:
    """Decode what the table of heads does not: several forms, two slots, or a fault."""
    head, off, imm = first
    insn = Insn(head & 0xFF, head >> 8 & 15, head >> 12, off, imm)
    if insn.opcode == isa.OP_LDDW:
        second = next(rest, None)
        if second is None:
            raise place.error("lddw is cut off: its second slot is missing", slot)
        if second[0] or second[1]:
            raise place.error("lddw: reserved fields of the second slot are not 0", slot)
        insn = insn._replace(imm2=second[2])
    form = form_of(insn)
    if form is None:
        raise place.error(_undefined(insn), slot)
    fault = _fields_fault(insn, form)
    if fault is not None:
        raise place.error(fault, slot)
    return insn, form


def decode(
    code: bytes,
    *,
    endian: Endian = "little",
    file: str | None = None,
    section: str | None = None,
    allow_unsupported: bool = False,
) -> list[Insn | None]:
    """Decode `code` (a multiple of 8 bytes).

    Raises InputError with the slot where a field is not what the standard says, and UnsupportedError for instructions
    that are recognised only (`may_goto`, `gotox`, `addr_space_cast`), unless `allow_unsupported`.
    """
    place = _Place(file, section)
    if len(code) % SLOT_BYTES:
        raise InputError(f"code of {len(code)} bytes is not a multiple of {SLOT_BYTES}", file=file, section=section, offset=len(code) & ~7)
    if endian == "big":
        code = to_little(code)
    out: list[Insn | None] = []
    append, heads, make = out.append, _HEADS, Insn._make
    slots: Iterator[_Fields] = _SLOT.iter_unpack(code)
    for head, off, imm in slots:
        known = heads[head]
        if known is not None:
            opcode, dst, src, off_free, imm_free = known
            if (off_free or not off) and (imm_free or not imm):
                append(make((opcode, dst, src, off, imm, 0)))
                continue
        slot = len(out)
        insn, form = _decode_rare((head, off, imm), slots, slot, place)
        if not form.supported and not allow_unsupported:
            raise UnsupportedError(f"instruction {form.name}", file=file, insn=slot)
        append(insn)
        if form.slots == 2:
            append(None)
    return out


def to_little(code: bytes) -> bytes:
    """Big-endian code in the canonical little-endian encoding: fields swapped, and the two halves of the register byte."""
    return b"".join(
        _SLOT_LITTLE.pack(opcode, (registers >> 4 | registers << 4) & 0xFF, off, imm)
        for opcode, registers, off, imm in _SLOT_BIG.iter_unpack(code)
    )


def to_big(code: bytes) -> bytes:
    """The inverse of `to_little`."""
    return b"".join(
        _SLOT_BIG.pack(opcode, (registers >> 4 | registers << 4) & 0xFF, off, imm)
        for opcode, registers, off, imm in _SLOT_LITTLE.iter_unpack(code)
    )
