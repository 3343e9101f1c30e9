"""Which register of an instruction a finding is about, and where that register's value came from.

    17: r0 = *(u16 *)(r6 + 12)      operand(17, "base")  ->  Register(6, offset=12)
    12: w0 /= 3                     operand(12, "rhs")   ->  Immediate(3)
    31: call 1                      operand(31, "arg2")  ->  Register(2)

`origin` walks back through copies, spills, additions of constants and calls, within straight-line code only: a label ends the walk, as
more than one value may arrive there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir import isa
from bpfcc.bpfir.isa_table import form_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.bpfir.insn import Insn
    from bpfcc.bpfir.isa import Form
    from bpfcc.verifier.verdict import Role

MAX_WALK: Final = 200
CALLER_SAVED: Final = range(6)


@final
@dataclass(frozen=True, slots=True)
class Register:
    """A register that the instruction reads; `offset` is what an access adds to it."""

    number: int
    offset: int = 0


@final
@dataclass(frozen=True, slots=True)
class Immediate:
    """A constant in the instruction."""

    value: int


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value in a register came from: the instruction that made it, and the constant that was added since."""

    insn: int
    made: Insn
    form: Form
    added: int = 0


@final
class Code:
    """A program's instructions, by slot."""

    def __init__(self, instructions: Sequence[Insn | None], starts: Sequence[int]) -> None:
        self.instructions = instructions
        # Where control may come from elsewhere: targets of jumps, beginnings of functions.
        self._labels = set(starts)
        for slot, insn in enumerate(instructions):
            if insn is not None and (target := jump_target(slot, insn)) is not None:
                self._labels.add(target)

    def at(self, slot: int) -> Insn | None:
        """The instruction that begins at a slot."""
        return self.instructions[slot] if 0 <= slot < len(self.instructions) else None

    def operand(self, slot: int, role: Role) -> Register | Immediate | None:
        """The operand of the instruction that a role means; None where it has none such."""
        insn = self.at(slot)
        form = form_of(insn) if insn is not None else None
        if insn is None or form is None:
            return None
        if role.startswith("arg"):
            return Register(int(role.removeprefix("arg"))) if form.kind in {"call", "callx"} else None
        if role == "base":
            return _base(insn, form)
        if role == "value":
            return _value(insn, form)
        if role == "result":
            return Register(0) if form.kind in {"call", "callx"} else Register(insn.dst) if form.dst in {"w", "rw"} else None
        if form.kind in {"alu", "branch"}:
            return Register(insn.dst) if role == "lhs" else _second(insn, form)
        return Register(insn.dst) if role == "lhs" and form.dst in {"r", "rw"} else None

    def origin(self, slot: int, register: int) -> Origin | None:
        """What made the value that `register` holds before the instruction at `slot`, through copies and spills."""
        added = 0
        spilled: int | None = None
        for at, insn, form in self._before(slot):
            if spilled is not None:
                if form.kind == "store" and insn.dst == isa.FRAME_POINTER and insn.off == spilled and form.size_bytes == 8:
                    if form.second_operand == "imm":
                        return Origin(at, insn, form, added)
                    register, spilled = insn.src, None
                continue
            if not writes(insn, form, register):
                continue
            if form.kind == "mov" and form.second_operand == "src" and form.width_bits == 64:
                register = insn.src
            elif form.kind == "alu" and form.meaning in {"add", "sub"} and form.second_operand == "imm" and form.width_bits == 64:
                added += insn.imm if form.meaning == "add" else -insn.imm
            elif form.kind == "load" and insn.src == isa.FRAME_POINTER and form.size_bytes == 8:
                spilled = insn.off
            else:
                return Origin(at, insn, form, added)
            if register == isa.FRAME_POINTER:
                return Origin(at, insn, form, added)
        return None

    def _before(self, slot: int) -> Iterator[tuple[int, Insn, Form]]:
        """Instructions before `slot`, backwards, as far as nothing else leads in between."""
        for at in range(slot - 1, max(-1, slot - MAX_WALK), -1):
            if at + 1 in self._labels:
                return
            insn = self.instructions[at]
            if insn is None:
                continue
            form = form_of(insn)
            if form is None or form.kind in {"goto", "exit", "gotox", "may_goto"}:
                return
            yield at, insn, form


def _base(insn: Insn, form: Form) -> Register | None:
    if form.kind in {"load", "loadsx", "load_acquire"}:
        return Register(insn.src, insn.off)
    if form.kind in {"store", "atomic", "store_release"}:
        return Register(insn.dst, insn.off)
    if form.kind in {"alu", "neg", "swap"}:
        return Register(insn.dst)
    return None


def _value(insn: Insn, form: Form) -> Register | Immediate | None:
    if form.kind == "exit":
        return Register(0)
    if form.kind in {"store", "mov", "movsx"}:
        return _second(insn, form)
    if form.kind in {"atomic", "store_release"}:
        return Register(insn.src)
    return Register(insn.dst) if form.kind in {"neg", "swap"} else None


def _second(insn: Insn, form: Form) -> Register | Immediate:
    return Register(insn.src) if form.second_operand == "src" else Immediate(insn.imm)


def writes(insn: Insn, form: Form, register: int) -> bool:
    """Whether the instruction changes a register."""
    if form.kind in {"call", "callx"}:
        return register in CALLER_SAVED
    if form.kind in {"ld_abs", "ld_ind"}:
        return register in CALLER_SAVED
    if form.kind == "atomic" and form.fetch:
        return register == (0 if form.meaning == "cmpxchg" else insn.src)
    return form.dst in {"w", "rw"} and insn.dst == register


def jump_target(slot: int, insn: Insn) -> int | None:
    """Where a jump or a local call leads."""
    form = form_of(insn)
    if form is None:
        return None
    if form.off == "jump":
        return slot + 1 + insn.off
    if form.imm == "jump" or (form.kind == "call" and form.meaning == "local"):
        return slot + 1 + insn.imm
    return None
