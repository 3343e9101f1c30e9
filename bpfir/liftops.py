"""What each instruction does to the registers' SSA values: one handler an opcode.

0x07 r1 += 4        regs[1] = v9, with v9 = add.64 v3, 4 appended
0xb7 r1 = 4         regs[1] = 4; constants and copies make no operation
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.liveness import callx_register
from bpfcc.bpfir.ops import (
    Alu,
    Atomic,
    AtomicFetch,
    AtomicKind,
    ByteSwap,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    Cast,
    CompareExchange,
    ExternAddr,
    FrameAddr,
    FuncAddr,
    Load,
    LoadAcquire,
    MapAddr,
    MapValueAddr,
    Op,
    PacketLoad,
    Store,
    StoreRelease,
    Value,
)
from bpfcc.bpfir.semantics import AluKind
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function
    from bpfcc.bpfir.insn import Insn
    from bpfcc.bpfir.module import Bytecode
    from bpfcc.bpfir.ops import Operand

M64: Final = (1 << 64) - 1
M32: Final = (1 << 32) - 1

ALU: Final[dict[int, AluKind]] = {
    0x00: "add", 0x10: "sub", 0x20: "mul", 0x30: "div", 0x40: "or", 0x50: "and",
    0x60: "lsh", 0x70: "rsh", 0x90: "mod", 0xA0: "xor", 0xC0: "arsh",
}  # fmt: skip
ATOMIC_KINDS: Final[dict[int, AtomicKind]] = {0x00: "add", 0x40: "or", 0x50: "and", 0xA0: "xor", 0xE0: "xchg"}
SIZES: Final = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}

# A register that is kept on the stack, and where the stack is.
SPILL_BYTES: Final = 8
FRAME_POINTER: Final = 10


@final
class Registers:
    """The eleven registers while a function is lifted: an operand each, or None where nothing was written."""

    __slots__ = ("big_endian", "bytecode", "counts", "fn", "helper_arity", "names", "ops", "regs", "spilled", "undef")

    def __init__(
        self,
        fn: Function,
        names: dict[int, str],
        counts: dict[int, int],
        helper_arity: Callable[[int], int],
        undef: Callable[[int, int], Value],
        bytecode: Bytecode,
    ) -> None:
        self.fn = fn
        self.names = names
        self.counts = counts
        self.helper_arity = helper_arity
        self.undef = undef
        self.bytecode = bytecode
        self.big_endian = bytecode.endian == "big"
        self.regs: list[Operand | None] = []
        self.ops: list[Op] = []
        # Values that were stored on the stack: what is read back there later may be one of them.
        self.spilled: set[Operand] = set()

    def read(self, register: int, slot: int) -> Operand:
        """The operand in a register; an `undef` where nothing was written to it."""
        value = self.regs[register]
        if value is None:
            value = self.regs[register] = self.undef(register, slot)
        return value

    def fresh(self) -> Value:
        """A value for the next operation's result."""
        fn = self.fn
        value = Value(fn.next_value)
        fn.next_value += 1
        return value


Handler = Callable[[Registers, "Insn", int], None]


def _emit(state: Registers, register: int, value: Value, op: Op) -> None:
    value.definition = op
    state.ops.append(op)
    state.regs[register] = value


def _alu64_imm(state: Registers, insn: Insn, slot: int) -> None:
    opcode, dst, _, off, imm, _ = insn
    lhs = state.regs[dst]
    if lhs is None:
        lhs = state.read(dst, slot)
    kind = ALU[opcode & 0xF0]
    if off == 1:
        kind = "sdiv" if kind == "div" else "smod"
    value = Value(state.fn.next_value)
    state.fn.next_value += 1
    op: Op | None = None
    if type(lhs) is Value and type(lhs.definition) is FrameAddr:
        op = _moved_frame(value, kind, lhs.definition, imm, slot)
    if op is None:
        op = Alu(value, kind, 64, lhs, imm & M64, slot)
    value.definition = op
    state.ops.append(op)
    state.regs[dst] = value


def _alu(state: Registers, insn: Insn, slot: int) -> None:
    opcode, dst, src, off, imm, _ = insn
    width = 64 if opcode & 7 == 7 else 32
    lhs = state.read(dst, slot)
    rhs = state.read(src, slot) if opcode & 8 else imm & (M64 if width == 64 else M32)
    kind = ALU[opcode & 0xF0]
    if off == 1:
        kind = "sdiv" if kind == "div" else "smod"
    value = state.fresh()
    op: Op | None = None
    if width == 64 and type(lhs) is Value and type(lhs.definition) is FrameAddr and type(rhs) is int:
        op = _moved_frame(value, kind, lhs.definition, rhs - (1 << 64) if rhs >> 63 else rhs, slot)
    _emit(state, dst, value, op or Alu(value, kind, 64 if width == 64 else 32, lhs, rhs, slot))


def _moved_frame(result: Value, kind: AluKind, base: FrameAddr, delta: int, slot: int) -> FrameAddr | None:
    """The frame address `delta` bytes on, where it is one that an operation can name."""
    if kind not in ("add", "sub"):
        return None
    offset = base.offset + (delta if kind == "add" else -delta)
    return FrameAddr(result, offset, slot) if -(1 << 31) <= offset < 1 << 31 else None


def _neg(state: Registers, insn: Insn, slot: int) -> None:
    operand = state.read(insn.dst, slot)
    value = state.fresh()
    _emit(state, insn.dst, value, Alu(value, "sub", 64 if insn.opcode & 7 == 7 else 32, 0, operand, slot))


def _mov64_imm(state: Registers, insn: Insn, _slot: int) -> None:
    state.regs[insn.dst] = insn.imm & M64


def _mov32_imm(state: Registers, insn: Insn, _slot: int) -> None:
    state.regs[insn.dst] = insn.imm & M32


def _mov64_reg(state: Registers, insn: Insn, slot: int) -> None:
    operand = state.read(insn.src, slot)
    if insn.off:
        value = state.fresh()
        _emit(state, insn.dst, value, Cast(value, "sext", insn.off, 64, operand, slot))  # type: ignore[arg-type]
    else:
        state.regs[insn.dst] = operand


def _mov32_reg(state: Registers, insn: Insn, slot: int) -> None:
    operand = state.read(insn.src, slot)
    if type(operand) is int and not insn.off:
        state.regs[insn.dst] = operand & M32
        return
    value = state.fresh()
    op = Cast(value, "sext", insn.off, 32, operand, slot) if insn.off else Cast(value, "zext", 32, 64, operand, slot)  # type: ignore[arg-type]
    _emit(state, insn.dst, value, op)


def _swap(state: Registers, insn: Insn, slot: int) -> None:
    opcode, dst, _, _, width, _ = insn
    operand = state.read(dst, slot)
    # le and be name the order in memory: on a target of that order they only cut to the width.
    swaps = opcode == 0xD7 or (opcode == 0xDC) != state.big_endian
    if not swaps and width == 64:
        return
    value = state.fresh()
    op = ByteSwap(value, width, operand, slot) if swaps else Cast(value, "zext", width, 64, operand, slot)  # type: ignore[arg-type]
    _emit(state, dst, value, op)


def _lddw(state: Registers, insn: Insn, slot: int) -> None:
    source = insn.src
    if source == 0:
        state.regs[insn.dst] = insn.imm64
        return
    value = state.fresh()
    op: Op
    if source in (1, 2, 5, 6):
        _check_index(insn.imm, len(state.bytecode.maps), "map", slot)
        op = MapAddr(value, insn.imm, slot) if source in (1, 5) else MapValueAddr(value, insn.imm, insn.imm2 & M32, slot)
    elif source == 3:
        _check_index(insn.imm, len(state.bytecode.externs), "extern", slot)
        op = ExternAddr(value, insn.imm, slot)
    else:
        op = FuncAddr(value, _callee(state, slot + 1 + insn.imm, slot), slot)
    _emit(state, insn.dst, value, op)


def _check_index(index: int, count: int, what: str, slot: int) -> None:
    if not 0 <= index < count:
        raise InputError(f"{what} number {index} does not exist (there are {count})", insn=slot)


def _callee(state: Registers, target: int, slot: int) -> str:
    name = state.names.get(target)
    if name is None:
        raise InputError(f"call to slot {target}, where no function begins", insn=slot)
    return name


def _load(state: Registers, insn: Insn, slot: int) -> None:
    opcode, dst, src, off, _, _ = insn
    base = state.regs[src]
    if base is None:
        base = state.read(src, slot)
    value = Value(state.fn.next_value)
    state.fn.next_value += 1
    op = Load(value, opcode & 0xE0 == 0x80, SIZES[opcode & 0x18], base, off, slot)  # type: ignore[arg-type]
    value.definition = op
    state.ops.append(op)
    state.regs[dst] = value


def _store(state: Registers, insn: Insn, slot: int) -> None:
    opcode, dst, src, off, imm, _ = insn
    size = SIZES[opcode & 0x18]
    value: Operand = state.read(src, slot) if opcode & 7 == 3 else imm & ((1 << 8 * size) - 1)
    if size == SPILL_BYTES and dst == FRAME_POINTER:
        state.spilled.add(value)
    state.ops.append(Store(size, state.read(dst, slot), off, value, slot))  # type: ignore[arg-type]


def _atomic(state: Registers, insn: Insn, slot: int) -> None:
    opcode, dst, src, off, imm, _ = insn
    size = SIZES[opcode & 0x18]
    value = state.fresh()
    if imm == 0x100:
        _emit(state, dst, value, LoadAcquire(value, size, state.read(src, slot), off, slot))  # type: ignore[arg-type]
        return
    base, operand = state.read(dst, slot), state.read(src, slot)
    if imm == 0x110:
        state.ops.append(StoreRelease(size, base, off, operand, slot))  # type: ignore[arg-type]
    elif imm == 0xF1:
        _emit(state, 0, value, CompareExchange(value, size, base, off, state.read(0, slot), operand, slot))  # type: ignore[arg-type]
    elif imm & 1:
        _emit(state, src, value, AtomicFetch(value, ATOMIC_KINDS[imm & 0xF0], size, base, off, operand, slot))  # type: ignore[arg-type]
    else:
        state.ops.append(Atomic(ATOMIC_KINDS[imm & 0xF0], size, base, off, operand, slot))  # type: ignore[arg-type]


def _packet_load(state: Registers, insn: Insn, slot: int) -> None:
    index: Operand = state.read(insn.src, slot) if insn.opcode & 0xE0 == 0x40 else 0
    context = state.read(6, slot)
    _clobber(state)
    value = state.fresh()
    _emit(state, 0, value, PacketLoad(value, SIZES[insn.opcode & 0x18], context, index, insn.imm, slot))  # type: ignore[arg-type]


def _written_arguments(state: Registers) -> list[Operand]:
    """r1 … as far as something was written to them: what a callee of unknown arity can be given."""
    args: list[Operand] = []
    for value in state.regs[1:6]:
        if value is None:
            break
        args.append(value)
    return args


def _clobber(state: Registers) -> None:
    state.regs[1:6] = [None] * 5


def _call(state: Registers, insn: Insn, slot: int) -> None:
    imm = insn.imm
    if insn.src == 1:
        target = slot + 1 + imm
        name = _callee(state, target, slot)
        args = [state.read(r, slot) for r in range(1, state.counts[target] + 1)]
        value = state.fresh()
        op: Op = CallFunction(value, name, args, slot)
    elif insn.src == 2:
        _check_index(imm, len(state.bytecode.externs), "extern", slot)
        if insn.off:
            raise UnsupportedError("kernel functions of modules", insn=slot)
        args = _written_arguments(state)
        value = state.fresh()
        op = CallExtern(value, imm, args, slot)
    else:
        args = [state.read(r, slot) for r in range(1, state.helper_arity(imm) + 1)]
        value = state.fresh()
        op = Call(value, imm & M32, args, slot)
    _clobber(state)
    _emit(state, 0, value, op)


def _callx(state: Registers, insn: Insn, slot: int) -> None:
    target = state.read(callx_register(insn), slot)
    args = _written_arguments(state)
    _clobber(state)
    value = state.fresh()
    _emit(state, 0, value, CallIndirect(value, target, args, slot))


def _unknown(_state: Registers, insn: Insn, slot: int) -> None:
    raise InputError(f"unknown opcode {insn.opcode:#04x}", insn=slot)


def _table() -> list[Handler]:
    table: list[Handler] = [_unknown] * 256
    for operation in ALU:
        table[0x07 | operation] = _alu64_imm
        for low in (0x04, 0x0C, 0x0F):
            table[low | operation] = _alu
    table[0x84] = table[0x87] = _neg
    table[0xB4], table[0xBC], table[0xB7], table[0xBF] = _mov32_imm, _mov32_reg, _mov64_imm, _mov64_reg
    table[0xD4] = table[0xDC] = table[0xD7] = _swap
    table[0x18] = _lddw
    for size in SIZES:
        table[0x61 | size] = table[0x81 | size] = _load
        table[0x62 | size] = table[0x63 | size] = _store
        table[0xC3 | size] = _atomic
        if size != 0x18:
            table[0x20 | size] = table[0x40 | size] = _packet_load
    table[0x85], table[0x8D] = _call, _callx
    return table


HANDLERS: Final = _table()
