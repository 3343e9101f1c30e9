"""One run of the IR in the runtime's memory, and what every branch of it depended on.

    trace = Tracer(shape, targets).run(model)
    trace.events[0].condition          eq.64 bswap.16(cat(packet[12], packet[13])), 2048; not taken
    trace.trap                         ("access", "filter", 17), None where the run came to its end

Numbers are computed as `bpfcc.bpfir.evaluate` does; memory and helpers are the runtime's (`bpfcc.counterexamples.machine`). What
a run shows is only a guide: a counterexample counts when the checked interpreter itself has trapped on it.
"""

from __future__ import annotations

import ctypes
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, final

from bpfcc.bpfir.ops import (
    Alu,
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
    Exit,
    ExternAddr,
    FrameAddr,
    FuncAddr,
    Jump,
    Load,
    LoadAcquire,
    MapAddr,
    MapValueAddr,
    PacketLoad,
    Store,
    StoreRelease,
    Undef,
    Value,
)
from bpfcc.bpfir.semantics import ALU, ATOMIC, BSWAP, COMPARE, AtomicKind, sext, signed, zext
from bpfcc.counterexamples.expressions import MASK64, Expression, alu, cat, extend, leaf, swap
from bpfcc.counterexamples.helpers import Helpers
from bpfcc.counterexamples.inputs import LENGTH
from bpfcc.counterexamples.machine import GENERATION_MASK, Invoke, Machine
from bpfcc.counterexamples.shadow import LENGTH_BITS, Shadow
from bpfcc.counterexamples.solving import Condition
from bpfcc.errors import BpfccError, Trap
from bpfcc.execution import RAW, TAIL_CALL
from bpfcc.runtime.memory import CONTEXT_BASE, MAX_FRAMES, PACKET_BASE, SLOT_PACKET, SLOT_SHIFT, USER_BASE, frame_top, function_handle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Edge, Op, Operand
    from bpfcc.counterexamples.expressions import Model
    from bpfcc.counterexamples.expressions import Operand as Symbol
    from bpfcc.counterexamples.inputs import Given, Shape

MemoryOp = Load | LoadAcquire | Store | StoreRelease | Atomic | AtomicFetch | CompareExchange
MAX_OPS: Final = 20_000
MAX_SEEN: Final = 6
# The kind of trap, function and instruction.
Place = tuple[str, str | None, int | None]


@final
@dataclass(eq=False, slots=True)
class Event:
    """A branch of the run: what it depended on, and the block that it did not go to."""

    condition: Condition
    fn: Function
    other: Block
    op: Op
    depth: int


class Access(NamedTuple):
    """An access at the target: the address, how many bytes, and how many events came before."""

    address: int
    symbol: Symbol
    size: int
    size_symbol: Symbol
    bounds: tuple[int, int] | None
    end: Expression | None
    before: int


@final
@dataclass(slots=True)
class Trace:
    """What one run did. `accesses` are those of the target; `failed` is the one that trapped."""

    model: Model
    given: Given
    events: list[Event] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)
    failed: Access | None = None
    trap: Place | None = None
    returned: int | None = None
    ops: int = 0
    cut: bool = False
    reached: bool = False
    seen: list[tuple[Function, Block]] = field(default_factory=list)


@final
class Halted(Exception):
    """The run is over: it trapped, or came to where it is not followed."""


@final
class Tracer:
    """Runs one program again and again; `targets` are the operations whose accesses are looked at."""

    def __init__(self, shape: Shape, targets: frozenset[Op] = frozenset(), *, max_ops: int = MAX_OPS) -> None:
        self.shape = shape
        self.module = shape.module
        self.targets = targets
        self.max_ops = max_ops
        self.handles = {fn.name: function_handle(index) for index, fn in enumerate(self.module.functions)}
        self.steps: dict[type[Op], Callable[[Any], None]] = {
            Alu: self._alu, Cast: self._cast, ByteSwap: self._swap, Assume: self._assume, Load: self._load, Store: self._store,
            LoadAcquire: self._load, StoreRelease: self._store, Atomic: self._atomic, AtomicFetch: self._atomic,
            CompareExchange: self._atomic, FrameAddr: self._address, MapAddr: self._address, MapValueAddr: self._address,
            FuncAddr: self._address, ExternAddr: self._address, Undef: self._address, Call: self._call, CallFunction: self._call_function,
            CallExtern: self._call_extern, CallIndirect: self._call_indirect, PacketLoad: self._packet_load,
        }  # fmt: skip

    def run(self, model: Model) -> Trace:
        """Run once. InputError where the input cannot be made."""
        given = self.shape.given(model)
        with closing(Machine(self.shape, given)) as machine:
            self.trace = Trace(model, given)
            self.machine = machine
            self.shadow = Shadow(machine)
            self.helpers = Helpers(self)
            self.depth = -1
            self.function, self.block = self.module.entry, self.module.entry.entry
            self.values: dict[Value, int] = {}
            self.symbols: dict[Value, Expression] = {}
            # Kept in a name: the library calls it.
            invoke = Invoke(self._invoked)
            machine.native.invoke = ctypes.cast(invoke, ctypes.c_void_p)
            self._enter()
            machine.native.invoke = None
            held = machine.end()
            if self.trace.trap is None and held is not None:
                self.trace.trap = (held, None, None)
        return self.trace

    def _enter(self) -> None:
        entry = self.module.entry
        arguments: list[int] = [CONTEXT_BASE if self.shape.context_size else 0]
        symbols: list[Expression | None] = [None]
        if self.shape.type == RAW:
            size = len(self.trace.given.data or b"")
            arguments = [USER_BASE if size else 0, size]
            symbols = [None, leaf(LENGTH, size, LENGTH_BITS)]
        try:
            self.trace.returned = self.call(entry, arguments, symbols)[0]
        except Halted:
            return

    # ---- control

    def halt(self, kind: str | None, op: Op | None = None) -> NoReturn:
        """End the run; with a kind, as a trap at `op`."""
        if kind is not None and self.trace.trap is None:
            self.trace.trap = (kind, self.function.name, op.insn if op is not None else None)
        raise Halted

    def call(self, fn: Function, arguments: Sequence[int], symbols: Sequence[Expression | None]) -> tuple[int, Expression | None]:
        """Run a function in a frame of its own."""
        caller, before, depth = self.function, self.block, self.depth + 1
        values, known = self.values, self.symbols
        count = len(fn.params)
        self.depth, self.function = depth, fn
        self.values = dict(zip(fn.params, [*arguments, 0, 0, 0, 0, 0][:count], strict=True))
        self.symbols = {
            param: symbol for param, symbol in zip(fn.params, [*symbols, *[None] * 5][:count], strict=True) if symbol is not None
        }
        self.machine.enter(depth)
        result = self._blocks(fn)
        self.depth, self.function, self.block, self.values, self.symbols = depth - 1, caller, before, values, known
        if depth:
            self.machine.show(depth - 1)
        return result

    def _blocks(self, fn: Function) -> tuple[int, Expression | None]:
        block, trace, steps, targets = fn.entry, self.trace, self.steps, self.targets
        while True:
            self.block = block
            trace.seen.append((fn, block))
            trace.ops += 1 + len(block.ops)
            if trace.ops > self.max_ops:
                trace.cut = True
                self.halt(None)
            for op in block.ops:
                if op in targets:
                    trace.reached = True
                steps[type(op)](op)
            end = block.terminator
            if type(end) is Branch:
                block = self._follow(self._branch(fn, end))
            elif type(end) is Jump:
                block = self._follow(end.target)
            elif type(end) is Exit:
                return self.value(end.value), self.symbol(end.value)
            else:
                trace.reached = trace.reached or end in targets
                self.halt("unresolved", end)

    def _branch(self, fn: Function, op: Branch) -> Edge:
        left, right = self.value(op.lhs), self.value(op.rhs)
        taken = COMPARE[op.kind](op.width_bits, left, right)
        a, b = self.symbol(op.lhs), self.symbol(op.rhs)
        if a is not None or b is not None:
            condition = Condition(op.kind, op.width_bits, left if a is None else a, right if b is None else b, taken)
            self.trace.events.append(Event(condition, fn, (op.otherwise if taken else op.then).block, op, self.depth))
        return op.then if taken else op.otherwise

    def add_event(self, condition: Condition, op: Op) -> None:
        """A condition that is no branch: how a helper went."""
        self.trace.events.append(Event(condition, self.function, self.block, op, self.depth))

    def _follow(self, edge: Edge) -> Block:
        params = edge.block.params
        if params:
            arguments = [(self.value(arg), self.symbol(arg)) for arg in edge.args]
            for param, (value, symbol) in zip(params, arguments, strict=True):
                self._set(param, value, symbol)
        return edge.block

    def _invoked(self, _run: int, index: int, *words: int) -> int:
        """The library calls a function of the program: bpf_loop, for_each_map_elem."""
        if index >= len(self.module.functions) or self.depth + 1 >= MAX_FRAMES:
            self.machine.native.trap = 4
            return 0
        saved = self.depth, self.function, self.block, self.values, self.symbols
        self.helpers.called_back(words)
        try:
            return self.call(self.module.functions[index], words, [])[0]
        except Halted:
            # The helper that called returns at once; `Helpers.call` goes on from there.
            self.machine.native.trap = self.machine.native.trap or 7
            self.helpers.halted = True
            self.depth, self.function, self.block, self.values, self.symbols = saved
            return 0

    # ---- values

    def value(self, operand: Operand) -> int:
        """The number."""
        return operand if type(operand) is int else self.values[operand]  # type: ignore[index]

    def symbol(self, operand: Operand) -> Expression | None:
        """What it depends on."""
        return None if type(operand) is int else self.symbols.get(operand)  # type: ignore[arg-type]

    def _set(self, result: Value, value: int, symbol: Expression | None) -> None:
        self.values[result] = value
        if symbol is not None:
            self.symbols[result] = symbol
        else:
            self.symbols.pop(result, None)

    def _alu(self, op: Alu) -> None:
        left, right = self.value(op.lhs), self.value(op.rhs)
        value = ALU[op.kind](op.width_bits, left, right)
        a, b = self.symbol(op.lhs), self.symbol(op.rhs)
        made = None
        if a is not None or b is not None:
            made = alu(op.kind, op.width_bits, left if a is None else a, right if b is None else b, value)
        self._set(op.result, value, made)

    def _cast(self, op: Cast) -> None:
        meaning = zext if op.kind == "zext" else sext
        value = meaning(op.from_bits, op.width_bits, self.value(op.value))
        inner = self.symbol(op.value)
        self._set(op.result, value, None if inner is None else extend(op.kind, op.from_bits, op.width_bits, inner, value))

    def _swap(self, op: ByteSwap) -> None:
        value, inner = BSWAP[op.width_bits](self.value(op.value)), self.symbol(op.value)
        self._set(op.result, value, None if inner is None else swap(op.width_bits, inner, value))

    def _assume(self, op: Assume) -> None:
        self._set(op.result, self.value(op.value), self.symbol(op.value))

    def _address(self, op: FrameAddr | MapAddr | MapValueAddr | FuncAddr | ExternAddr | Undef) -> None:
        match op:
            case FrameAddr():
                value = frame_top(self.depth) + op.offset
            case MapAddr():
                value = self.machine.areas[self.module.maps[op.map].name].handle
            case MapValueAddr():
                value = self.machine.areas[self.module.maps[op.map].name].base + op.offset
            case FuncAddr():
                value = self.handles[op.function]
            case _:
                value = 0
        self._set(op.result, value & MASK64, None)

    # ---- memory

    def note(self, op: Op, address: int, symbol: Expression | None, size: int, size_symbol: Symbol = 0) -> Access:
        """An access about to be made; the target's are kept."""
        machine, end = self.machine, self.shadow.length
        if end is not None and address >> SLOT_SHIFT == SLOT_PACKET:
            data_end = (address & ~GENERATION_MASK) + machine.native.packet_end
            end = alu("add", 64, end, data_end - machine.length & MASK64, data_end)
        else:
            end = None
        before = len(self.trace.events)
        made = Access(address, address if symbol is None else symbol, size, size_symbol or size, machine.bounds(address), end, before)
        if op in self.targets and len(self.trace.accesses) < MAX_SEEN:
            self.trace.accesses.append(made)
        return made

    def _place(
        self, op: Load | LoadAcquire | Store | StoreRelease | Atomic | AtomicFetch | CompareExchange
    ) -> tuple[int, Expression | None]:
        base = self.symbol(op.base)
        address = (self.value(op.base) + op.offset) & MASK64
        symbol = base if base is None or not op.offset else alu("add", 64, base, op.offset & MASK64, address)
        if op in self.targets:
            self.note(op, address, symbol, op.size_bytes)
        return address, symbol

    def _failed(self, op: Op, address: int, symbol: Expression | None, size: int) -> NoReturn:
        self.trace.failed = self.note(op, address, symbol, size)
        self.halt("access", op)

    def _load(self, op: Load | LoadAcquire) -> None:
        address, symbol = self._place(op)
        size = op.size_bytes
        found = self.machine.load(address, size)
        if found is None:
            self._failed(op, address, symbol, size)
        made = self.shadow.load(address, size, found)
        if type(op) is Load and op.signed:
            value = sext(8 * size, 64, found)
            self._set(op.result, value, made if made is None else extend("sext", 8 * size, 64, made, value))
        else:
            self._set(op.result, found, made)

    def _store(self, op: Store | StoreRelease) -> None:
        address, symbol = self._place(op)
        if not self.machine.store(address, op.size_bytes, self.value(op.value)):
            self._failed(op, address, symbol, op.size_bytes)
        self.shadow.store(address, op.size_bytes, self.symbol(op.value))

    def _atomic(self, op: Atomic | AtomicFetch | CompareExchange) -> None:
        address, symbol = self._place(op)
        size = op.size_bytes
        memory = self.machine.load(address, size)
        if memory is None:
            self._failed(op, address, symbol, size)
        if address % size:
            self.halt("misaligned", op)
        kind: AtomicKind = "cmpxchg" if isinstance(op, CompareExchange) else op.kind
        expected = self.value(op.expected) if isinstance(op, CompareExchange) else 0
        new, old = ATOMIC[kind](8 * size, memory, self.value(op.value), expected)
        before = self.shadow.load(address, size, memory)
        if not self.machine.store(address, size, new):
            self._failed(op, address, symbol, size)
        other = self.symbol(op.value)
        after = other if kind == "xchg" else None
        if before is not None and kind != "xchg" and kind != "cmpxchg":  # noqa: PLR1714 - what narrows the type
            after = alu(kind, 64 if size == 8 else 32, before, self.value(op.value) if other is None else other, new)
        self.shadow.store(address, size, after)
        if not isinstance(op, Atomic):
            self._set(op.result, old, before)

    def _packet_load(self, op: PacketLoad) -> None:
        machine, size = self.machine, op.size_bytes
        at = signed(32, op.offset + self.value(op.index))
        index = self.symbol(op.index)
        native = machine.native
        if at >= 0 and at + size <= native.packet_end - native.packet_data:
            base = (PACKET_BASE | native.packet_data) + at
            content = ctypes.string_at(native.packet + native.packet_data + at, size)
            parts = self.shadow.bytes_at(base, content)[::-1]
            value = int.from_bytes(content, "big")
            depends = any(isinstance(part, Expression) for part in parts)
            self._set(op.result, value, cat(parts, value) if depends else None)
            return
        if self.shadow.length is not None and at >= 0:
            needed = alu("add", 64, index, (op.offset + size) & MASK64, at + size) if index is not None else at + size
            condition = Condition("uge", 64, self.shadow.length, at + size if needed is None else needed, want=False)
            self.add_event(condition, op)
        self.halt(None)

    # ---- calls

    def _call(self, op: Call) -> None:
        arguments = [self.value(arg) for arg in op.args]
        symbols = [self.symbol(arg) for arg in op.args]
        if op.helper == TAIL_CALL:
            self._set(op.result, self._tail_call(op, arguments), None)
            return
        try:
            value, symbol = self.helpers.call(op, arguments, symbols)
        except BpfccError as error:
            if isinstance(error, Trap):
                raise
            self.halt(None)
        self._set(op.result, value, symbol)

    def _tail_call(self, op: Call, arguments: list[int]) -> int:
        result = self.machine.helper(op.helper, arguments)
        if self.machine.trapped() is not None:
            self.halt(self.machine.trapped(), op)
        if self.machine.native.tail_target >= 0:
            self.halt(None)
        return result

    def _call_function(self, op: CallFunction) -> None:
        self._into(op, self.module.function(op.function))

    def _into(self, op: CallFunction | CallIndirect, fn: Function) -> None:
        if self.depth + 1 >= MAX_FRAMES:
            self.halt("stack", op)
        value, symbol = self.call(fn, [self.value(arg) for arg in op.args], [self.symbol(arg) for arg in op.args])
        self._set(op.result, value, symbol)

    def _call_indirect(self, op: CallIndirect) -> None:
        address = self.value(op.target)
        found = next((name for name, handle in self.handles.items() if handle == address), None)
        if found is None:
            self.halt("call", op)
        self._into(op, self.module.function(found))

    def _call_extern(self, op: CallExtern) -> None:
        self.halt(None, op)


def ops_at(fn: Function, insn: int) -> Iterator[tuple[Block, Op]]:
    """Operations that come from an instruction."""
    for block in fn.blocks:
        for op in block.all_ops():
            if op.insn == insn:
                yield block, op
