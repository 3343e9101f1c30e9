"""Fold operations on constants, and those that only pass a value on.

    v3 = add.32 0xffffffff, 1        becomes        0 wherever v3 was used
    v4 = or.64 v1, 0                                v1
    if eq.64 3, 3 then b1 else b2                   jump b1

Every rule is exact for all 64-bit words; the meanings come from `bpfcc.bpfir.semantics` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.dominance import reverse_postorder
from bpfcc.bpfir.ops import (
    Alu,
    Assume,
    Branch,
    ByteSwap,
    Cast,
    FrameAddr,
    Jump,
    Load,
    Op,
    Operand,
    PacketLoad,
    Value,
    replace_operands,
)
from bpfcc.bpfir.passes.unreachable import drop_unreachable
from bpfcc.bpfir.semantics import ALU, BSWAP, COMPARE, sext, zext

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function
    from bpfcc.bpfir.passes.context import Context

MASK64: Final = (1 << 64) - 1
# x op 0 = x at 64 bits.
ZERO_IS_NEUTRAL: Final = frozenset({"add", "sub", "or", "xor", "lsh", "rsh", "arsh", "mod", "smod"})
ONE_IS_NEUTRAL: Final = frozenset({"mul", "div", "sdiv"})
# x op x, whatever x is.
SELF_IS_ZERO: Final = frozenset({"sub", "xor"})
SELF_IS_SAME: Final = frozenset({"and", "or"})
# x compared with itself; `test` depends on x.
REFLEXIVE: Final = {"eq": True, "ule": True, "uge": True, "sle": True, "sge": True} | dict.fromkeys(
    ("ne", "ult", "ugt", "slt", "sgt"), False
)


def fold_constants(fn: Function, _context: Context) -> bool:
    """One sweep in reverse postorder; what becomes unreachable is removed."""
    replacement: dict[Value, Operand] = {}
    branches = False
    changed = False
    for block in reverse_postorder(fn):
        kept: list[Op] = []
        for op in block.ops:
            if replacement:
                replace_operands(op, replacement)
            folder = FOLDERS.get(type(op))
            # What `op` comes to: an operand for its result, another operation, or None where it stays.
            folded = folder(op) if folder is not None else None
            if folded is None:
                kept.append(op)
                continue
            changed = True
            if isinstance(folded, Op):
                kept.append(folded)
            else:
                replacement[op.result] = folded  # type: ignore[attr-defined]
        block.ops = kept
        replace_operands(block.terminator, replacement)
        if isinstance(block.terminator, Branch):
            jump = _fold_branch(block.terminator)
            if jump is not None:
                block.terminator = jump
                branches = True
    # Arguments of back edges were walked before what they name was folded.
    fn.replace(replacement)
    if branches:
        drop_unreachable(fn)
    return changed or branches


def _fold_alu(op: Alu) -> Operand | Op | None:
    lhs, rhs = op.lhs, op.rhs
    if type(rhs) is int:
        if type(lhs) is int:
            return ALU[op.kind](op.width_bits, lhs, rhs)
        return _fold_right_constant(op, rhs)
    if lhs is rhs:
        if op.kind in SELF_IS_ZERO:
            return 0
        if op.kind in SELF_IS_SAME:
            return _narrowed(op, lhs)
    if type(lhs) is int and not lhs & (MASK64 >> (64 - op.width_bits)):
        if op.kind in ("mul", "and", "lsh", "rsh", "arsh"):
            return 0
        if op.kind in ("add", "or", "xor"):
            return _narrowed(op, rhs)
    return None


def _fold_right_constant(op: Alu, rhs: int) -> Operand | Op | None:
    kind, width = op.kind, op.width_bits
    full = MASK64 >> (64 - width)
    low = rhs & full
    if kind in ("lsh", "rsh", "arsh"):
        low &= width - 1
    if low == 0:
        if kind in ZERO_IS_NEUTRAL:
            return _narrowed(op, op.lhs)
        if kind in ("mul", "and", "div", "sdiv"):
            return 0
    if low == 1 and kind in ONE_IS_NEUTRAL:
        return _narrowed(op, op.lhs)
    if kind == "and" and low == full:
        return _narrowed(op, op.lhs)
    lhs = op.lhs
    if kind in ("add", "sub") and width == 64 and type(lhs) is Value and type(lhs.definition) is FrameAddr:
        delta = low - (1 << 64) if low >> 63 else low
        offset = lhs.definition.offset + (delta if kind == "add" else -delta)
        if -(1 << 31) <= offset < 1 << 31:
            moved = FrameAddr(op.result, offset, op.insn)
            op.result.definition = moved
            return moved
    return None


def _narrowed(op: Alu, operand: Operand) -> Operand | Op:
    """`operand` itself at 64 bits; at 32 its low half."""
    if op.width_bits == 64:
        return operand
    if type(operand) is int:
        return operand & 0xFFFF_FFFF
    cast = Cast(op.result, "zext", 32, 64, operand, op.insn)
    op.result.definition = cast
    return cast


def significant_bits(operand: Operand) -> int:
    """An upper bound on the position of the highest set bit, from the operand's own definition only."""
    if type(operand) is int:
        return operand.bit_length()
    definition = operand.definition if type(operand) is Value else None
    match definition:
        case Alu(width_bits=32):
            return 32
        case Alu(kind="and", rhs=int() as rhs):
            return rhs.bit_length()
        case Cast():
            return definition.from_bits if definition.kind == "zext" else definition.width_bits
        case ByteSwap():
            return definition.width_bits
        case Load(signed=False):
            return 8 * definition.size_bytes
        case PacketLoad():
            return 8 * definition.size_bytes
        case Assume():
            return 64
        case _:
            return 64


def _fold_cast(op: Cast) -> Operand | None:
    if type(op.value) is int:
        meaning = zext if op.kind == "zext" else sext
        return meaning(op.from_bits, op.width_bits, op.value)
    if op.kind == "zext" and significant_bits(op.value) <= op.from_bits:
        return op.value
    return None


def _fold_assume(op: Assume) -> Operand | None:
    if type(op.value) is int:
        return op.value
    # Where a value equals a constant it is that constant.
    if op.kind == "eq" and op.width_bits == 64:
        if type(op.rhs) is int:
            return op.rhs
        if type(op.lhs) is int:
            return op.lhs
    return None


def _fold_swap(op: ByteSwap) -> Operand | None:
    return BSWAP[op.width_bits](op.value) if type(op.value) is int else None


FOLDERS: Final[dict[type[Op], Callable[..., Operand | Op | None]]] = {
    Alu: _fold_alu,
    Cast: _fold_cast,
    ByteSwap: _fold_swap,
    Assume: _fold_assume,
}


def _fold_branch(branch: Branch) -> Jump | None:
    lhs, rhs = branch.lhs, branch.rhs
    if type(lhs) is int and type(rhs) is int:
        taken = COMPARE[branch.kind](branch.width_bits, lhs, rhs)
    elif lhs is rhs and branch.kind in REFLEXIVE:
        taken = REFLEXIVE[branch.kind]
    else:
        return None
    return Jump(branch.then if taken else branch.otherwise, branch.insn)
