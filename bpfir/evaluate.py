"""Evaluate a module on Python integers: slow, obvious, and what passes are tested with.

    evaluate(module, (0x0200_0000,), memory).value     the value that the entry function returns

Meanings come from `bpfcc.bpfir.semantics`. Memory and helpers are the caller's; functions get frames of 512 zeroed bytes in that
memory. The oracle of the back ends is another one (it evaluates bytecode and shares nothing with the lifter).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, assert_never, cast, final

from bpfcc.bpfir.function import Block, Function, Module
from bpfcc.bpfir.ops import (
    Alu,
    AnyOp,
    Assume,
    Atomic,
    AtomicFetch,
    Branch,
    ByteSwap,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    Cast,
    CompareExchange,
    Edge,
    Exit,
    ExternAddr,
    FrameAddr,
    FuncAddr,
    Jump,
    Load,
    LoadAcquire,
    MapAddr,
    MapValueAddr,
    Operand,
    PacketLoad,
    Store,
    StoreRelease,
    Undef,
    Unresolved,
    Value,
)
from bpfcc.bpfir.semantics import ALU, ATOMIC, BSWAP, COMPARE, sext, signed, zext
from bpfcc.errors import Trap

FUNCTION_BASE: Final = 0x0800_0000
MAP_BASE: Final = 0x0400_0000
HANDLE_STEP: Final = 16


class Memory(Protocol):
    """Guest memory; both raise Trap where an access is not allowed."""

    def load(self, address: int, size: int, /) -> int:
        """The unsigned integer of `size` bytes at `address`."""
        ...

    def store(self, address: int, size: int, value: int, /) -> None:
        """Write the low `size` bytes of `value`."""


Helper = Callable[..., int]


@final
@dataclass(slots=True)
class Environment:
    """What a module runs in. `frame_top(depth)` is r10 at that call depth; `enter`/`leave` make frames come and go."""

    memory: Memory
    frame_top: Callable[[int], int]
    enter: Callable[[int], None]
    leave: Callable[[int], None]
    helpers: Mapping[int, Helper] = field(default_factory=dict)
    externs: Sequence[Helper] = ()
    map_values: Sequence[int] = ()
    packet: bytes = b""
    budget: int = 100_000
    max_frames: int = 8


@final
class Returned(Exception):
    """Leaves a function from inside a block."""


def evaluate(module: Module, args: Sequence[int], environment: Environment) -> int:
    """Run the entry function. Trap where the memory or the budget says so."""
    return _Evaluator(module, environment).call(module.entry, args)


@final
class _Evaluator:
    def __init__(self, module: Module, environment: Environment) -> None:
        self.module = module
        self.env = environment
        self.depth = -1
        self.budget = environment.budget

    def call(self, fn: Function, args: Sequence[int]) -> int:
        if self.depth + 1 >= self.env.max_frames:
            raise Trap(f"more than {self.env.max_frames} frames", kind="stack", function=fn.name)
        self.depth += 1
        self.env.enter(self.depth)
        given = list(args)[: len(fn.params)]
        values = dict(zip(fn.params, given + [0] * (len(fn.params) - len(given)), strict=True))
        try:
            return self._run(fn, values)
        except Returned:
            return 0
        finally:
            self.env.leave(self.depth)
            self.depth -= 1

    def _run(self, fn: Function, values: dict[Value, int]) -> int:
        block: Block = fn.entry
        while True:
            for op in block.ops:
                self._step(cast("AnyOp", op), values)
            self.budget -= 1 + len(block.ops)
            if self.budget < 0:
                raise Trap("step budget spent", kind="budget", function=fn.name)
            end = block.terminator
            match end:
                case Exit():
                    return _get(values, end.value)
                case Jump():
                    block = _follow(end.target, values)
                case Branch():
                    taken = COMPARE[end.kind](end.width_bits, _get(values, end.lhs), _get(values, end.rhs))
                    block = _follow(end.then if taken else end.otherwise, values)
                case Unresolved():
                    raise Trap(end.reason, kind="unresolved", insn=end.insn)
                case _:
                    assert_never(end)

    def _step(self, op: AnyOp, values: dict[Value, int]) -> None:
        match op:
            case Alu():
                values[op.result] = ALU[op.kind](op.width_bits, _get(values, op.lhs), _get(values, op.rhs))
            case Cast():
                meaning = zext if op.kind == "zext" else sext
                values[op.result] = meaning(op.from_bits, op.width_bits, _get(values, op.value))
            case ByteSwap():
                values[op.result] = BSWAP[op.width_bits](_get(values, op.value))
            case Assume():
                values[op.result] = self._assume(op, values)
            case FrameAddr():
                values[op.result] = (self.env.frame_top(self.depth) + op.offset) & ((1 << 64) - 1)
            case MapAddr():
                values[op.result] = MAP_BASE + HANDLE_STEP * op.map
            case MapValueAddr():
                values[op.result] = self.env.map_values[op.map] + op.offset
            case FuncAddr():
                values[op.result] = FUNCTION_BASE + HANDLE_STEP * [f.name for f in self.module.functions].index(op.function)
            case ExternAddr() | Undef():
                values[op.result] = 0
            case Call() | CallFunction() | CallExtern() | CallIndirect():
                values[op.result] = self._call(op, values)
            case PacketLoad():
                values[op.result] = self._packet(op, values)
            case Jump() | Branch() | Exit() | Unresolved():
                raise Trap("a terminator inside a block", kind="internal", insn=op.insn)
            case _:
                self._memory(op, values)

    def _assume(self, op: Assume, values: dict[Value, int]) -> int:
        holds = COMPARE[op.kind](op.width_bits, _get(values, op.lhs), _get(values, op.rhs))
        if holds == op.negated:
            raise Trap("an assumption does not hold", kind="internal", insn=op.insn)
        return _get(values, op.value)

    def _call(self, op: Call | CallFunction | CallExtern | CallIndirect, values: dict[Value, int]) -> int:
        args = [_get(values, arg) for arg in op.args]
        if isinstance(op, CallFunction):
            return self.call(self.module.function(op.function), args)
        if isinstance(op, CallExtern):
            return self.env.externs[op.extern](*args) & ((1 << 64) - 1)
        if isinstance(op, Call):
            helper = self.env.helpers.get(op.helper)
            if helper is None:
                raise Trap(f"helper {op.helper} is not there", kind="helper", insn=op.insn)
            return helper(*args) & ((1 << 64) - 1)
        index, rest = divmod(_get(values, op.target) - FUNCTION_BASE, HANDLE_STEP)
        if rest or not 0 <= index < len(self.module.functions):
            raise Trap("callx to what is no function", kind="call", insn=op.insn)
        return self.call(self.module.functions[index], args)

    def _packet(self, op: PacketLoad, values: dict[Value, int]) -> int:
        # 32 bits, signed: what Linux makes of offset and index together.
        at = signed(32, op.offset + _get(values, op.index))
        if at < 0 or at + op.size_bytes > len(self.env.packet):
            raise Returned
        return int.from_bytes(self.env.packet[at : at + op.size_bytes], "big")

    def _memory(
        self,
        op: Load | Store | LoadAcquire | StoreRelease | Atomic | AtomicFetch | CompareExchange,
        values: dict[Value, int],
    ) -> None:
        memory = self.env.memory
        address = (_get(values, op.base) + op.offset) & ((1 << 64) - 1)
        size, bits = op.size_bytes, 8 * op.size_bytes
        if address % size and not isinstance(op, (Load, Store)):
            memory.load(address, size)
            raise Trap(f"misaligned atomic access of {size} bytes", kind="misaligned", insn=op.insn, address=address, size=size)
        match op:
            case Load():
                loaded = memory.load(address, size)
                values[op.result] = sext(bits, 64, loaded) if op.signed else loaded
            case LoadAcquire():
                values[op.result] = memory.load(address, size)
            case Store() | StoreRelease():
                memory.store(address, size, _get(values, op.value))
            case Atomic() | AtomicFetch():
                new, old = ATOMIC[op.kind](bits, memory.load(address, size), _get(values, op.value), 0)
                memory.store(address, size, new)
                if isinstance(op, AtomicFetch):
                    values[op.result] = old
            case CompareExchange():
                old = memory.load(address, size)
                new, old = ATOMIC["cmpxchg"](bits, old, _get(values, op.value), _get(values, op.expected))
                memory.store(address, size, new)
                values[op.result] = old
            case _:
                assert_never(op)


def _get(values: dict[Value, int], operand: Operand) -> int:
    return values[operand] if isinstance(operand, Value) else operand


def _follow(edge: Edge, values: dict[Value, int]) -> Block:
    args = [_get(values, arg) for arg in edge.args]
    values.update(zip(edge.block.params, args, strict=True))
    return edge.block
