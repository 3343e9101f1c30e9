"""Which values are host addresses, and of what memory: as far as their definitions show.

    v1 = frame 0                     stack
    v3 = add.64 v1, v2               stack (v2 a number)
    b2(v4): from v3 and from 0       stack, null on one way

LLVM gets these as pointers and the rest as numbers, so that it knows that a store to the stack changes nothing of the packet. It is
no matter of safety: an address that is not seen as one is converted where memory is reached through it, and may be of any memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.backends.binding import INDEXED_MAPS, KEYED_MAPS
from bpfcc.backends.context import ContextFlow
from bpfcc.backends.interp.library import map_lookup_address
from bpfcc.bpfir.ops import (
    Alu,
    Assume,
    Call,
    CallFunction,
    Cast,
    Exit,
    FrameAddr,
    FuncAddr,
    Load,
    MapAddr,
    MapValueAddr,
    Value,
    edges,
)
from bpfcc.runtime.memory import FRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bpfcc.backends.base import Environment
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Op, Operand

RAW: Final = "raw"
POINTER_BYTES: Final = 8


class Kind(NamedTuple):
    """`address`: of the memories named; else a number (or an address that nothing is known of)."""

    address: bool
    memory: frozenset[str] = frozenset()


NUMBER: Final = Kind(False)
STACK: Final = Kind(True, frozenset({"stack"}))
CONTEXT: Final = Kind(True, frozenset({"context"}))
PACKET: Final = Kind(True, frozenset({"packet"}))
MAP: Final = Kind(True, frozenset({"map"}))


def join(a: Kind | None, b: Kind | None) -> Kind | None:
    """What is one or the other; None: nothing is known of it yet."""
    if a is None or b is None or a == b:
        return b if a is None else a
    return Kind(True, a.memory | b.memory) if a.address and b.address else NUMBER


def is_private(memory: Iterable[str]) -> bool:
    """Whether nobody else reads or writes there during a run."""
    found = list(memory)
    return bool(found) and "map" not in found


def frame_place(base: Operand, offset: int, size: int) -> int | None:
    """The offset from r10 where the access is to this function's own frame, and inside."""
    made = base.definition if type(base) is Value else None
    if type(made) is not FrameAddr:
        return None
    at = made.offset + offset
    return at if -FRAME_BYTES <= at <= -size else None


def known_map(op: Call, environment: Environment) -> MapAddr | None:
    """The map of a lookup where it is one for certain, and the lookup the runtime's own."""
    if op.helper != environment.lookup_helper or environment.checked:
        return None
    if not environment.offline and environment.helper_address(op.helper) != map_lookup_address():
        return None
    operand = op.args[0]
    while type(operand) is Value and isinstance(operand.definition, Assume):
        operand = operand.definition.value
    found = operand.definition if type(operand) is Value else None
    return found if isinstance(found, MapAddr) and (environment.offline or environment.maps[found.map].pointer) else None


def held_addresses(module: Module, environment: Environment) -> frozenset[Op]:
    """Loads of packet addresses that the context itself holds, in fields of 64 bits."""
    layout = environment.layout
    places = {layout.data, layout.data_end, layout.data_meta} - {-1}
    if environment.checked or layout.pointer_bytes != POINTER_BYTES or not places or not module.entry.params or module.type == RAW:
        return frozenset()
    flow = ContextFlow(module)
    flow.run()
    found: set[Op] = set()
    for fn in module.functions:
        for op in fn.ops():
            if type(op) is Load and op.size_bytes == POINTER_BYTES and type(op.base) is Value:
                start = flow.facts.get(op.base)
                if type(start) is int and start + op.offset in places:
                    found.add(op)
    return frozenset(found)


@final
class Kinds:
    """`of[value]` after the analysis; `results` of functions by name, `called_back` those whose address is taken.

    `fields` are loads of the context that give packet addresses though it holds none (`bpfcc.backends.context`).
    """

    def __init__(self, module: Module, environment: Environment, fields: Mapping[Op, str]) -> None:
        self.module = module
        self.environment = environment
        self.fields = fields
        self.held = held_addresses(module, environment)
        self.of: dict[Value, Kind] = {}
        self.results: dict[str, Kind] = {}
        self.called_back: set[str] = set()
        self._changed = False
        self._functions = {fn.name: fn for fn in module.functions}
        for fn in module.functions:
            self.called_back |= {op.function for op in fn.ops() if isinstance(op, FuncAddr)}
        self._begin()
        self._settle()
        # What nothing was found out about, such as counters that begin with zero, are numbers; and so what is made of them.
        while self._decide():
            self._settle()

    def _settle(self) -> None:
        self._changed = True
        while self._changed:
            self._changed = False
            for fn in self.module.functions:
                self._function(fn)

    def _decide(self) -> bool:
        """Make parameters that are still open numbers; whether there were any."""
        open_ = [param for fn in self.module.functions for block in fn.blocks for param in block.params if param not in self.of]
        open_ += [param for fn in self.module.functions for param in fn.params if param not in self.of]
        self.of.update(dict.fromkeys(open_, NUMBER))
        results = [fn.name for fn in self.module.functions if fn.name not in self.results]
        self.results.update(dict.fromkeys(results, NUMBER))
        return bool(open_ or results)

    def kind(self, operand: Operand) -> Kind:
        """Of an operand; what nothing was found out about is a number."""
        return (self.of.get(operand) or NUMBER) if type(operand) is Value else NUMBER

    def _begin(self) -> None:
        for index, param in enumerate(self.module.entry.params):
            first = PACKET if self.module.type == RAW else CONTEXT
            self.of[param] = first if index == 0 else NUMBER
        for name in self.called_back:
            self.of.update(dict.fromkeys(self._functions[name].params, NUMBER))
        self.results[self.module.entry.name] = NUMBER
        self.results.update(dict.fromkeys(self.called_back, NUMBER))

    def _set(self, value: Value, kind: Kind | None) -> None:
        joined = join(self.of.get(value), kind)
        if joined is not None and joined != self.of.get(value):
            self.of[value] = joined
            self._changed = True

    def _operand(self, operand: Operand) -> Kind | None:
        if type(operand) is Value:
            return self.of.get(operand)
        # Null is an address of any memory.
        return None if operand == 0 else NUMBER

    def _function(self, fn: Function) -> None:
        for block in fn.blocks:
            for op in block.ops:
                if op.HAS_RESULT:
                    self._set(op.result, self._result(op))  # type: ignore[attr-defined]
                if isinstance(op, CallFunction):
                    for param, arg in zip(self._functions[op.function].params, op.args, strict=False):
                        self._set(param, self._operand(arg))
            ending = block.terminator
            if isinstance(ending, Exit):
                joined = join(self.results.get(fn.name), self._operand(ending.value))
                if joined is not None and joined != self.results.get(fn.name):
                    self.results[fn.name] = joined
                    self._changed = True
            for edge in edges(ending):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    self._set(param, self._operand(arg))

    def _result(self, op: Op) -> Kind | None:
        if op in self.fields or op in self.held:
            return PACKET
        match op:
            case FrameAddr():
                return STACK
            case MapValueAddr():
                return MAP
            case Assume():
                return self._operand(op.value)
            case Alu():
                return self._sum(op)
            case Cast():
                return PACKET if self.is_extended_field(op) else NUMBER
            case CallFunction():
                return self.results.get(op.function)
            case Call():
                found = known_map(op, self.environment)
                return MAP if found is not None and self.module.maps[found.map].type in INDEXED_MAPS | KEYED_MAPS else NUMBER
            case _:
                return NUMBER

    def is_extended_field(self, op: Cast) -> bool:
        """Whether it is a packet address, loaded from a field of 32 bits and extended."""
        operand = op.value
        while type(operand) is Value and isinstance(operand.definition, Assume):
            operand = operand.definition.value
        return op.kind == "zext" and op.from_bits == 32 and type(operand) is Value and operand.definition in self.fields

    def _sum(self, op: Alu) -> Kind | None:
        if op.width_bits != 64 or op.kind not in ("add", "sub"):
            return NUMBER
        left, right = (self.of.get(v) if type(v) is Value else NUMBER for v in (op.lhs, op.rhs))
        if left is None or right is None:
            return None
        if left.address and not right.address:
            return left
        return right if op.kind == "add" and right.address and not left.address else NUMBER
