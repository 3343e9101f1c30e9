"""The evaluator: registers, frames, and one method for each instruction class of RFC 9669."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, final

from bpfcc.bpfir import semantics
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.semantics import mask, sext, signed
from bpfcc.errors import Trap
from tests.oracle.memory import FUNCTION_BASE, MAP_HANDLE_BASE, STACK_BASE, Memory, Region

# A helper gets the machine and r1-r5, and gives r0; it may raise Trap.
Helper = Callable[["Machine", int, int, int, int, int], int]

_ALU: Final[Mapping[int, semantics.AluKind]] = {
    0x0: "add", 0x1: "sub", 0x2: "mul", 0x3: "div", 0x4: "or", 0x5: "and", 0x6: "lsh", 0x7: "rsh", 0x9: "mod", 0xA: "xor", 0xC: "arsh",
}  # fmt: skip
_SIGNED: Final[Mapping[int, semantics.AluKind]] = {0x3: "sdiv", 0x9: "smod"}
_TEST: Final[Mapping[int, semantics.CompareKind]] = {
    0x1: "eq", 0x2: "ugt", 0x3: "uge", 0x4: "test", 0x5: "ne", 0x6: "sgt", 0x7: "sge", 0xA: "ult", 0xB: "ule", 0xC: "slt", 0xD: "sle",
}  # fmt: skip
_ATOMIC: Final[Mapping[int, semantics.AtomicKind]] = {
    0x00: "add", 0x40: "or", 0x50: "and", 0xA0: "xor", 0xE0: "xchg", 0xF0: "cmpxchg",
}  # fmt: skip
_SIZES: Final = (4, 2, 1, 8)


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """Guest addresses. Frame of depth d: [stack_base + (max_frames - d - 1) * frame_bytes, + frame_bytes), r10 = its end."""

    stack_base: int = STACK_BASE
    frame_bytes: int = 512
    max_frames: int = 8
    map_handle_base: int = MAP_HANDLE_BASE
    function_base: int = FUNCTION_BASE
    handle_step: int = 16

    def frame_top(self, depth: int) -> int:
        """r10 at call depth `depth` (entry function: 0)."""
        return self.stack_base + (self.max_frames - depth) * self.frame_bytes


class Slot(NamedTuple):
    """The fields of 8 bytes, imm and off signed."""

    opcode: int
    dst: int
    src: int
    off: int
    imm: int


@final
@dataclass(slots=True)
class OracleResult:
    """What a run did. `return_value` is r0 (64 bits), or None after a trap."""

    return_value: int | None
    memory: Memory
    steps: int
    trap: Trap | None
    registers: tuple[int, ...]


@final
@dataclass(slots=True)
class _Frame:
    """What a call must restore: where to go on, and r6-r10. `return_to` is None where Python made the call."""

    return_to: int | None
    saved: list[int]
    stack: Region


@final
@dataclass(slots=True)
class Machine:
    """A program with its environment, for one run. Helpers may use `memory`, `invoke` and `steps`."""

    code: bytes
    memory: Memory
    helpers: Mapping[int, Helper] = field(default_factory=dict)
    kfuncs: Mapping[int, Helper] = field(default_factory=dict)
    packet: bytes | None = None
    map_handles: Sequence[int] | None = None
    map_values: Sequence[int] = ()
    externs: Sequence[int] = ()
    functions: Sequence[int] | None = None
    budget: int = 1_000_000
    layout: Layout = field(default_factory=Layout)
    scratch: int = 0
    registers: list[int] = field(default_factory=lambda: [0] * 11)
    steps: int = 0
    slots: list[Slot] = field(init=False)
    _starts: list[bool] = field(init=False)
    _frames: list[_Frame] = field(init=False, default_factory=list)
    _at: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._starts = [insn is not None for insn in decode(self.code)]
        self.slots = [Slot(op, regs & 15, regs >> 4, off, imm) for op, regs, off, imm in struct.iter_unpack("<BBhi", self.code)]
        if self.functions is None:
            self.functions = self._called()

    def _called(self) -> list[int]:
        """First slots of the entry function and of everything that is called or has its address taken."""
        found = {0}
        for index, slot in enumerate(self.slots):
            if self._starts[index] and (slot.opcode, slot.src) in {(0x85, 1), (0x18, 4)}:
                found.add(index + 1 + slot.imm)
        return sorted(found)

    # ---- calls

    def _enter(self, target: int, return_to: int | None) -> None:
        depth = len(self._frames)
        if depth >= self.layout.max_frames:
            raise Trap(f"more than {self.layout.max_frames} frames", kind="stack")
        top = self.layout.frame_top(depth)
        stack = Region(f"frame{depth}", top - self.layout.frame_bytes, bytes(self.layout.frame_bytes))
        self._frames.append(_Frame(return_to, self.registers[6:11], stack))
        self.memory.regions.append(stack)
        registers = self.registers
        if depth:
            registers[0] = self.scratch
            registers[6:10] = [self.scratch] * 4
        registers[10] = top
        self._at = target

    def _leave(self) -> bool:
        """Exit of the current function; True where the call came from Python."""
        frame = self._frames.pop()
        self.memory.regions.remove(frame.stack)
        self.registers[6:11] = frame.saved
        self._forget_arguments()
        if frame.return_to is None:
            return True
        self._at = frame.return_to
        return False

    def _forget_arguments(self) -> None:
        self.registers[1:6] = [self.scratch] * 5

    def invoke(self, handle: int, *arguments: int) -> int:
        """Call the function with this handle (as lddw of a function address gives it) from a helper; its r0."""
        after, kept = self._at, self.registers[:]
        for number, value in enumerate((*arguments, 0, 0, 0, 0, 0)[:5], 1):
            self.registers[number] = mask(64, value)
        self._enter(self._function(handle), None)
        result = self._loop()
        self.registers[:], self._at = kept, after
        return result

    def _function(self, handle: int) -> int:
        assert self.functions is not None
        index, rest = divmod(handle - self.layout.function_base, self.layout.handle_step)
        if rest or not 0 <= index < len(self.functions):
            raise Trap(f"{handle:#x} is no function", kind="call", address=handle)
        return self.functions[index]

    def _call_helper(self, table: Mapping[int, Helper], number: int) -> None:
        helper = table.get(number)
        if helper is None:
            raise Trap(f"there is no helper {number}", kind="helper")
        result = helper(self, *self.registers[1:6])
        self.registers[0] = mask(64, result)
        self._forget_arguments()

    # ---- the loop

    def run(self) -> OracleResult:
        """Run from slot 0 to the last exit, or to a trap."""
        try:
            self._enter(0, None)
            value = self._loop()
        except Trap as trap:
            if trap.insn is None:
                trap.insn = self._at
            return OracleResult(None, self.memory, self.steps, trap, tuple(self.registers))
        return OracleResult(value, self.memory, self.steps, None, tuple(self.registers))

    def _loop(self) -> int:
        while True:
            if not (0 <= self._at < len(self.slots) and self._starts[self._at]):
                raise Trap(f"slot {self._at} is no instruction", kind="jump")
            if self.steps >= self.budget:
                raise Trap(f"more than {self.budget} steps", kind="budget")
            self.steps += 1
            if self._step(self.slots[self._at]):
                return self.registers[0]

    def _step(self, slot: Slot) -> bool:
        """Execute one instruction and move on; True when the function that Python called has left."""
        at = self._at
        instruction_class = slot.opcode & 7
        following = at + (2 if slot.opcode == 0x18 else 1)
        match instruction_class:
            case 0x04 | 0x07:
                self._alu(slot, 32 if instruction_class == 0x04 else 64)
            case 0x00:
                if slot.opcode != 0x18:
                    if not self._load_packet(slot):
                        self.registers[0] = 0
                        return self._leave()
                else:
                    self.registers[slot.dst] = self._load_wide(slot, self.slots[at + 1].imm)
            case 0x01:
                self._load(slot)
            case 0x02 | 0x03:
                self._store(slot)
            case _:
                return self._jump(slot, 64 if instruction_class == 0x05 else 32)
        self._at = following
        return False

    # ---- instruction classes

    def _second(self, slot: Slot) -> int:
        return self.registers[slot.src] if slot.opcode & 8 else mask(64, slot.imm)

    def _alu(self, slot: Slot, width: int) -> None:
        operation = slot.opcode >> 4
        lhs, rhs = self.registers[slot.dst], self._second(slot)
        if operation == 0x8:
            result = semantics.ALU["sub"](width, 0, lhs)
        elif operation == 0xB:
            result = sext(slot.off, width, rhs) if slot.off else mask(width, rhs)
        elif operation == 0xD:
            # Programs are little-endian: "to little" cuts off, the other two swap.
            to_little = width == 32 and not slot.opcode & 8
            result = mask(slot.imm, lhs) if to_little else semantics.BSWAP[slot.imm](lhs)
        else:
            kind = _SIGNED[operation] if slot.off == 1 else _ALU[operation]
            result = semantics.ALU[kind](width, lhs, rhs)
        self.registers[slot.dst] = result

    def _load_wide(self, slot: Slot, second: int) -> int:
        match slot.src:
            case 0:
                return mask(32, slot.imm) | mask(32, second) << 32
            case 1 | 5:
                if self.map_handles is not None:
                    return self.map_handles[slot.imm]
                return self.layout.map_handle_base + slot.imm * self.layout.handle_step
            case 2 | 6:
                return mask(64, self.map_values[slot.imm] + second)
            case 3:
                return self.externs[slot.imm]
            case _:
                assert self.functions is not None
                index = list(self.functions).index(self._at + 1 + slot.imm)
                return self.layout.function_base + index * self.layout.handle_step

    def _load_packet(self, slot: Slot) -> bool:
        size = _SIZES[slot.opcode >> 3 & 3]
        base = self.registers[slot.src] if slot.opcode & 0x40 else 0
        offset = signed(32, base + slot.imm)
        if self.packet is None:
            raise Trap("there is no packet", kind="packet")
        if offset < 0 or offset + size > len(self.packet):
            return False
        self.registers[0] = int.from_bytes(self.packet[offset : offset + size], "big")
        self._forget_arguments()
        return True

    def _load(self, slot: Slot) -> None:
        size = _SIZES[slot.opcode >> 3 & 3]
        value = self.memory.load(mask(64, self.registers[slot.src] + slot.off), size)
        self.registers[slot.dst] = sext(8 * size, 64, value) if slot.opcode >> 5 == 4 else value

    def _store(self, slot: Slot) -> None:
        if slot.opcode >> 5 == 6:
            self._atomic(slot)
            return
        size = _SIZES[slot.opcode >> 3 & 3]
        value = self.registers[slot.src] if slot.opcode & 7 == 3 else slot.imm
        self.memory.store(mask(64, self.registers[slot.dst] + slot.off), size, value)

    def _atomic(self, slot: Slot) -> None:
        size = _SIZES[slot.opcode >> 3 & 3]
        base = slot.src if slot.imm == 0x100 else slot.dst
        address = mask(64, self.registers[base] + slot.off)
        self.memory.find(address, size, write=slot.imm != 0x100)
        if address % size:
            raise Trap(f"atomic access of {size} bytes at {address:#x}", kind="misaligned", address=address, size=size)
        if slot.imm == 0x100:
            self.registers[slot.dst] = self.memory.load(address, size)
            return
        operand = self.registers[slot.src]
        if slot.imm == 0x110:
            self.memory.store(address, size, operand)
            return
        kind = _ATOMIC[slot.imm & 0xF0]
        new, old = semantics.ATOMIC[kind](8 * size, self.memory.load(address, size), operand, self.registers[0])
        self.memory.store(address, size, new)
        if kind == "cmpxchg":
            self.registers[0] = old
        elif slot.imm & 1:
            self.registers[slot.src] = old

    def _jump(self, slot: Slot, width: int) -> bool:
        operation = slot.opcode >> 4
        if operation == 0x9:
            return self._leave()
        if operation == 0x8:
            self._call(slot)
            return False
        if operation == 0x0:
            taken, distance = True, slot.off if width == 64 else slot.imm
        else:
            taken = semantics.COMPARE[_TEST[operation]](width, self.registers[slot.dst], self._second(slot))
            distance = slot.off
        self._at += 1 + (distance if taken else 0)
        return False

    def _call(self, slot: Slot) -> None:
        following = self._at + 1
        if slot.opcode & 8:
            register = slot.dst if slot.imm == 0 else slot.imm
            self._enter(self._function(self.registers[register]), following)
        elif slot.src == 1:
            self._enter(following + slot.imm, following)
        else:
            self._call_helper(self.helpers if slot.src == 0 else self.kfuncs, slot.imm)
            self._at = following


def run(
    code: bytes,
    *,
    regs: Mapping[int, int] | None = None,
    memory: Memory | None = None,
    helpers: Mapping[int, Helper] | None = None,
    kfuncs: Mapping[int, Helper] | None = None,
    packet: bytes | None = None,
    map_handles: Sequence[int] | None = None,
    map_values: Sequence[int] = (),
    externs: Sequence[int] = (),
    functions: Sequence[int] | None = None,
    budget: int = 1_000_000,
    layout: Layout | None = None,
    scratch: int = 0,
) -> OracleResult:
    """Run little-endian `code` from its first slot.

    regs         register number -> value at entry (r1 is usually the context's address); others are 0
    memory       what the program may touch besides its stack; its regions hold the contents after the run
    helpers      helper id -> Helper; `kfuncs` likewise by index
    packet       what LD_ABS and LD_IND read
    map_handles  value of `lddw map[i]` by index (default: layout.map_handle_base + 16 * i)
    map_values   address of `lddw map_value[i]` by index
    externs      value of `lddw extern[i]` by index
    functions    first slots by function index, for handles (default: the entry and every called slot, ascending)
    budget       instructions that may be executed

    Raises InputError for code that the decoder refuses; everything later is `OracleResult.trap`.
    """
    machine = Machine(
        code,
        memory if memory is not None else Memory(),
        helpers or {},
        kfuncs or {},
        packet,
        map_handles,
        map_values,
        externs,
        functions,
        budget,
        layout or Layout(),
        scratch,
    )
    for number, value in (regs or {}).items():
        machine.registers[number] = mask(64, value)
    return machine.run()
