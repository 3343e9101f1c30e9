"""Programs with one check weakened, one offset shifted, one test dropped, made of accepted ones.

code, what = mutate_bytecode(bytecode, random.Random(7))             "14: imm 34 -> 33"
what = mutate_ir(module, random.Random(7))                           "b3: ult.64 -> ule.64"

What the verifier accepts of them is to run without a trap (`tests.soundness.runs`).
"""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.ops import (
    COMPARE_KINDS,
    Alu,
    Assume,
    Atomic,
    AtomicFetch,
    Branch,
    Call,
    Cast,
    CompareExchange,
    Exit,
    FrameAddr,
    Load,
    MapValueAddr,
    Op,
    Store,
    replace_operands,
)
from bpfcc.bpfir.semantics import ALU
from bpfcc.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Function, Module

SLOT: Final = 8
LDDW, CALL, EXIT, JA, JA32 = 0x18, 0x85, 0x95, 0x05, 0x06
JUMP_KINDS: Final = (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0, 0xB0, 0xC0, 0xD0)
# What the same comparison is with its end included, of the other sign, or the other way round.
NEAR: Final = {
    0x10: (0x50, 0x30, 0xB0), 0x50: (0x10, 0x20, 0xA0), 0x20: (0x30, 0x60, 0xA0), 0x30: (0x20, 0x70, 0xB0), 0xA0: (0xB0, 0xC0, 0x20),
    0xB0: (0xA0, 0xD0, 0x30), 0x60: (0x70, 0x20, 0xC0), 0x70: (0x60, 0x30, 0xD0), 0xC0: (0xD0, 0xA0, 0x60), 0xD0: (0xC0, 0xB0, 0x70),
    0x40: (0x50, 0x10),
}  # fmt: skip
OPPOSITE: Final = {0x10: 0x50, 0x50: 0x10, 0x20: 0xB0, 0xB0: 0x20, 0x30: 0xA0, 0xA0: 0x30, 0x60: 0xD0, 0xD0: 0x60, 0x70: 0xC0, 0xC0: 0x70}
ALU_KINDS: Final = (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xA0, 0xC0)
SIZES: Final = (0x00, 0x08, 0x10, 0x18)
NUMBERS: Final = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 255, 256, 0xFFFF, -1, -4, -8, 0x7FFF_FFFF, -0x8000_0000)
NOTHING: Final = (JA, 0, 0, 0, 0)


class Slot(NamedTuple):
    """One instruction's slot."""

    opcode: int
    dst: int
    src: int
    off: int
    imm: int

    def pack(self) -> bytes:
        """Its eight bytes."""
        off = (self.off + 0x8000) % 0x10000 - 0x8000
        imm = (self.imm + (1 << 31)) % (1 << 32) - (1 << 31)
        return struct.pack("<BBhi", self.opcode, self.dst | self.src << 4, off, imm)


def slots_of(code: bytes) -> list[Slot]:
    """Every slot, second halves of `lddw` too."""
    return [Slot(op, regs & 15, regs >> 4, off, imm) for op, regs, off, imm in struct.iter_unpack("<BBhi", code)]


def other_program(program: Program, code: Bytecode) -> Program:
    """The program with other instructions."""
    return Program(
        program.name, program.section, program.type, lambda: code, attach_type=program.attach_type, attach_target=program.attach_target,
        sleepable=program.sleepable, license=program.license, owner=program.object,
    )  # fmt: skip


# ---- bytecode ---------------------------------------------------------------------------------------------------------


def near(rng: random.Random, number: int) -> int:
    """Another number, mostly next to it."""
    kind = rng.randrange(10)
    if kind < 5:
        return number + rng.choice((-1, 1, -1, 1, -2, 2, -4, 4, -8, 8))
    if kind == 5:
        return number * 2
    if kind == 6:
        return number // 2
    if kind == 7:
        return number ^ 1 << rng.randrange(32)
    return -number if kind == 8 else rng.choice(NUMBERS)


def _jump(rng: random.Random, slot: Slot) -> Slot:
    kind, low = slot.opcode & 0xF0, slot.opcode & 0x0F
    if kind not in JUMP_KINDS:
        return slot._replace(off=slot.off + rng.choice((-2, -1, 1, 2, 3)))
    choice = rng.randrange(12)
    if choice < 3:
        return slot._replace(opcode=low | rng.choice(NEAR[kind]))
    if choice == 3:
        return slot._replace(opcode=low | rng.choice(JUMP_KINDS))
    if choice == 4:
        return slot._replace(opcode=slot.opcode ^ 3)  # the other width: 5 <-> 6
    if choice == 5 and kind in OPPOSITE:
        return slot._replace(opcode=low | OPPOSITE[kind])
    if choice == 6:
        return Slot(*NOTHING)
    if choice == 7:
        return Slot(JA, 0, 0, slot.off, 0)
    if choice == 8:
        return slot._replace(off=slot.off + rng.choice((-2, -1, 1, 2, 4)))
    if low & 8:
        return slot._replace(dst=slot.src, src=slot.dst) if choice < 11 else slot._replace(src=rng.randrange(11))
    return slot._replace(imm=near(rng, slot.imm)) if choice < 11 else slot._replace(dst=rng.randrange(11))


def _alu(rng: random.Random, slot: Slot) -> Slot:
    kind, low = slot.opcode & 0xF0, slot.opcode & 0x0F
    choice = rng.randrange(10)
    if choice == 0:
        return Slot(*NOTHING)
    if choice == 1:
        return slot._replace(opcode=slot.opcode ^ 3)  # the other width: 4 <-> 7
    if choice == 2 and kind in ALU_KINDS:
        return slot._replace(opcode=low | rng.choice(ALU_KINDS))
    if choice == 3:
        return slot._replace(dst=rng.randrange(10))
    if kind == 0xD0:
        return slot._replace(imm=rng.choice((16, 32, 64)))
    if low & 8:
        if choice == 4:
            return slot._replace(dst=slot.src if slot.src < 10 else slot.dst, src=slot.dst)
        if choice == 5 and kind == 0xB0:
            return slot._replace(off=rng.choice((0, 8, 16, 32)))
        return slot._replace(src=rng.randrange(11))
    return slot._replace(imm=near(rng, slot.imm))


def _memory(rng: random.Random, slot: Slot) -> Slot:
    choice = rng.randrange(8)
    if choice < 4:
        return slot._replace(off=slot.off + rng.choice((-8, -4, -2, -1, 1, 2, 4, 8, 16)))
    if choice == 4:
        return slot._replace(opcode=slot.opcode & ~0x18 | rng.choice(SIZES))
    if choice == 5:
        return Slot(*NOTHING)
    if slot.opcode & 7 == 1:
        return slot._replace(src=rng.randrange(11)) if choice == 6 else slot._replace(dst=rng.randrange(10))
    if slot.opcode & 7 == 2:
        return slot._replace(imm=near(rng, slot.imm))
    return slot._replace(dst=rng.randrange(11)) if choice == 6 else slot._replace(src=rng.randrange(11))


def _other(rng: random.Random, slot: Slot, maps: int) -> Slot:
    if slot.opcode == LDDW:
        if slot.src in (1, 2) and maps > 1 and rng.random() < 0.5:
            return slot._replace(imm=rng.randrange(maps))
        return slot._replace(imm=near(rng, slot.imm)) if slot.src == 0 else slot._replace(dst=rng.randrange(10))
    if slot.opcode == CALL and slot.src == 0:
        return Slot(*NOTHING) if rng.random() < 0.7 else slot._replace(imm=rng.choice((1, 2, 3, slot.imm - 1, slot.imm + 1)))
    return Slot(*NOTHING)


def mutate_code(code: bytes, rng: random.Random, maps: int) -> tuple[bytes, str]:
    """One instruction changed (now and then two, or two exchanged); what was done."""
    slots = slots_of(code)
    second = {at + 1 for at, slot in enumerate(slots) if slot.opcode == LDDW and not (at and slots[at - 1].opcode == LDDW)}
    places = [at for at in range(len(slots)) if at not in second]
    # Checks matter most, then accesses.
    weights = [6 if slots[at].opcode & 7 in (5, 6) else 3 if slots[at].opcode & 7 < 4 else 2 for at in places]
    done = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        (at,) = rng.choices(places, weights)
        slot = slots[at]
        if rng.random() < 0.04 and at + 1 in places and slot.opcode != LDDW != slots[at + 1].opcode:
            slots[at], slots[at + 1] = slots[at + 1], slot
            done.append(f"{at}: exchanged with the next")
            continue
        kind = slot.opcode & 7
        if slot.opcode in (LDDW, CALL, EXIT):
            new = _other(rng, slot, maps)
        elif kind in (5, 6):
            new = _jump(rng, slot)
        else:
            new = _alu(rng, slot) if kind in (4, 7) else _memory(rng, slot)
        if slot.opcode == LDDW and new.opcode != LDDW:
            slots[at + 1] = Slot(*NOTHING)
        slots[at] = new
        done.append(f"{at}: {tuple(slot)} -> {tuple(new)}")
    return b"".join(slot.pack() for slot in slots), "; ".join(done)


def mutate_bytecode(bytecode: Bytecode, rng: random.Random) -> tuple[Bytecode, str]:
    """The same of linked code."""
    code, what = mutate_code(bytecode.code, rng, len(bytecode.maps))
    return replace(bytecode, code=code), what


# ---- IR ---------------------------------------------------------------------------------------------------------------

NEGATED: Final = {
    "eq": "ne", "ne": "eq", "ult": "uge", "uge": "ult", "ugt": "ule", "ule": "ugt", "slt": "sge", "sge": "slt", "sgt": "sle", "sle": "sgt",
}  # fmt: skip


def mutate_ir(module: Module, rng: random.Random) -> str | None:
    """Change one operation, in place; what was done, None where the change chosen does not fit."""
    fn = rng.choice(module.functions)
    block = rng.choice(fn.blocks)
    ops = list(block.all_ops())
    branches = [op for op in ops if isinstance(op, Branch)]
    op = branches[0] if branches and rng.random() < 0.5 else rng.choice(ops)
    change = CHANGES.get(type(op))
    if change is None:
        return None
    before = repr(op)
    if not change(fn, op, rng):
        return None
    return f"@{fn.name} b{block.id}: {before} -> {op!r}"


def _assumes_of(fn: Function, branch: Branch) -> list[Assume] | None:
    """Assumptions that the branch makes true, each with the way it is on; None where that cannot be told."""
    found = []
    for block in fn.blocks:
        for op in block.ops:
            if isinstance(op, Assume) and op.insn == branch.insn:
                if (op.lhs, op.rhs, op.width_bits) != (branch.lhs, branch.rhs, branch.width_bits):
                    return None
                found.append(op)
    return found


def _change_branch(fn: Function, op: Op, rng: random.Random) -> bool:
    branch = cast("Any", op)
    assumes = _assumes_of(fn, branch)
    if assumes is None or branch.kind == "test" or branch.insn < 0:
        return False
    choice = rng.randrange(4)
    old_kind, kind, width, lhs, rhs = branch.kind, branch.kind, branch.width_bits, branch.lhs, branch.rhs
    if choice == 0:
        kind = rng.choice([k for k in COMPARE_KINDS if k != "test"])
    elif choice == 1:
        width = 96 - width
    elif choice == 2 and type(rhs) is int:
        rhs = near(rng, rhs) & ((1 << width) - 1)
    elif choice == 2:
        lhs, rhs = rhs, lhs
    else:
        kind = NEGATED[kind]
    if width == 32 and type(rhs) is int:
        rhs &= 0xFFFF_FFFF
    taken = [(each, each.kind == old_kind) for each in assumes]
    branch.kind, branch.width_bits, branch.lhs, branch.rhs = kind, width, lhs, rhs
    for each, first in taken:
        assume = cast("Any", each)
        assume.kind, assume.width_bits, assume.lhs, assume.rhs = kind if first else NEGATED[kind], width, lhs, rhs
        if assume.value not in (lhs, rhs):
            return False
    return True


def _change_access(_fn: Function, op: Op, rng: random.Random) -> bool:
    access = cast("Any", op)
    if rng.random() < 0.7:
        access.offset = max(-0x8000, min(0x7FFF, access.offset + rng.choice((-8, -4, -2, -1, 1, 2, 4, 8))))
    else:
        access.size_bytes = rng.choice((1, 2, 4, 8) if isinstance(op, (Load, Store)) else (4, 8))
    return not (isinstance(op, Load) and op.signed and op.size_bytes == 8)


def _change_alu(_fn: Function, op: Op, rng: random.Random) -> bool:
    alu = cast("Any", op)
    choice = rng.randrange(4)
    if choice == 0:
        alu.kind = rng.choice(sorted(ALU))
    elif choice == 1:
        alu.width_bits = 96 - alu.width_bits
    elif choice == 2 or type(alu.rhs) is not int:
        alu.lhs, alu.rhs = alu.rhs, alu.lhs
    else:
        alu.rhs = near(rng, alu.rhs) & ((1 << 64) - 1)
    if alu.width_bits == 32 and type(alu.rhs) is int:
        alu.rhs &= 0xFFFF_FFFF
    return True


def _change_cast(_fn: Function, op: Op, rng: random.Random) -> bool:
    cast("Any", op).from_bits = rng.choice((8, 16, 32))
    return not (isinstance(op, Cast) and op.from_bits == 32 == op.width_bits)


def _change_offset(_fn: Function, op: Op, rng: random.Random) -> bool:
    address = cast("Any", op)
    address.offset += rng.choice((-8, -4, -1, 1, 4, 8))
    return not isinstance(op, FrameAddr) or -512 <= op.offset < 0


def _change_call(_fn: Function, op: Op, rng: random.Random) -> bool:
    call = cast("Any", op)
    if not call.args:
        return False
    at = rng.randrange(len(call.args))
    if type(call.args[at]) is int:
        call.args[at] = near(rng, call.args[at]) & ((1 << 64) - 1)
    else:
        call.args[at] = call.args[rng.randrange(len(call.args))]
    return True


def _change_assume(fn: Function, op: Op, _rng: random.Random) -> bool:
    """Forget what a branch said."""
    assume = cast("Any", op)
    for block in fn.blocks:
        for other in block.all_ops():
            if other is not op:
                replace_operands(other, {assume.result: assume.value})
    home = next(block for block in fn.blocks if op in block.ops)
    home.ops.remove(op)
    return True


def _change_exit(_fn: Function, op: Op, rng: random.Random) -> bool:
    end = cast("Any", op)
    end.value = near(rng, end.value) & 0xFFFF_FFFF if type(end.value) is int else rng.choice((0, 1, 2))
    return True


CHANGES: Final[dict[type[Op], Callable[[Function, Op, random.Random], bool]]] = {
    Branch: _change_branch, Load: _change_access, Store: _change_access, Atomic: _change_access, AtomicFetch: _change_access,
    CompareExchange: _change_access, Alu: _change_alu, Cast: _change_cast, FrameAddr: _change_offset, MapValueAddr: _change_offset,
    Call: _change_call, Assume: _change_assume, Exit: _change_exit,
}  # fmt: skip
