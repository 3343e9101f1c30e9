"""What functions of a module do with an address that they are given: which bytes behind it they read and write, and whether they keep it.

    fn @fill(v0) { store.8 v0, 8, 1; … }      reach.behind("fill", 0)      Behind(reads=(), writes=((8, 8),), kept=False)
    fn @link(v0, v1) { store.8 v1, 0, v0 … }  reach.behind("link", 0)      ANYTHING: somebody else may follow it later

Bytes are (offset, size) from the address; None is any byte. All that is not plainly one of these (an address moved by a variable, a call
through a register, recursion) is `ANYTHING`. It holds for every run, whatever the verifier says of the function: only accesses at constant
distances have a range.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.effects import MEMORY_FUNCTIONS
from bpfcc.bpfir.frame import ACCESSES, CALLS, WRITERS
from bpfcc.bpfir.ops import (
    Alu,
    Assume,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    FuncAddr,
    PacketLoad,
    Store,
    StoreRelease,
    Value,
    edges,
    operands,
)
from bpfcc.bpfir.renamed import renamed
from bpfcc.bpfir.semantics import signed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.effects import EffectsOf, HelperEffects, Touch
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Op, Operand

Range = tuple[int, int]
Ranges = tuple[Range, ...] | None
MAX_RANGES: Final = 64
MAX_DISTANCE: Final = 1 << 20
MAX_DEPTH: Final = 16
OPEN_BYTES: Final = 1 << 32


class Behind(NamedTuple):
    """Bytes behind an address that are read and written, and whether the address may be found in memory afterwards."""

    reads: Ranges = ()
    writes: Ranges = ()
    kept: bool = False


ANYTHING: Final = Behind(None, None, kept=True)


@final
class Reach:
    """Answers for one module, found when they are asked for."""

    def __init__(self, module: Module, effects: EffectsOf) -> None:
        self.effects = effects
        self._module = module
        self._externs = module.externs
        self._known: dict[tuple[str, int], Behind] = {}
        self._open: set[tuple[str, int]] = set()

    @cached_property
    def _functions(self) -> dict[str, Function]:
        return {fn.name: fn for fn in self._module.functions}

    def behind(self, function: str, index: int) -> Behind:
        """What the function does with its parameter of that number."""
        key = function, index
        found = self._known.get(key)
        if found is not None:
            return found
        fn = self._functions.get(function)
        if fn is None or index >= len(fn.params) or key in self._open or len(self._open) >= MAX_DEPTH:
            return ANYTHING
        self._open.add(key)
        try:
            found = _Walk(self, fn).run(fn.params[index])
        finally:
            self._open.discard(key)
        self._known[key] = found
        return found

    def of_call(self, op: CallFunction | CallIndirect | CallExtern | Call, index: int) -> Behind:
        """What a call does with its argument of that number."""
        if isinstance(op, CallFunction):
            return self.behind(op.function, index)
        if isinstance(op, CallIndirect):
            return ANYTHING
        effects = self.effects_of(op)
        if effects is None:
            # The kernel's own functions keep no address where programs could find it.
            return Behind(None, None)
        if effects.calls_back:
            return self._called_back(op, effects, index)
        return Behind(_touched(op, effects.reads, index), _touched(op, effects.writes, index))

    def effects_of(self, op: Call | CallExtern) -> HelperEffects | None:
        """What is known of a helper or of a function outside."""
        if isinstance(op, Call):
            return self.effects(op.helper)
        return MEMORY_FUNCTIONS.get(self._externs[op.extern].name) if op.extern < len(self._externs) else None

    def _called_back(self, op: Call | CallExtern, effects: HelperEffects, index: int) -> Behind:
        """Of a helper that calls a function of the program, which gets one of the arguments as its context."""
        plain = Behind(_touched(op, effects.reads, index), _touched(op, effects.writes, index))
        way = effects.callback
        if way is None or way.function >= len(op.args):
            return ANYTHING
        if index != way.context:
            return plain
        target = renamed(op.args[way.function])
        definition = target.definition if type(target) is Value else None
        if not isinstance(definition, FuncAddr):
            return ANYTHING
        return _joined(plain, self.behind(definition.function, way.parameter), 0)


def _touched(op: Call | CallExtern, touches: Iterable[Touch], index: int) -> Ranges:
    found: list[Range] = []
    for touch in touches:
        if touch.argument != index:
            continue
        size: Operand | None = touch.size
        if touch.size_argument is not None and touch.size_argument < len(op.args):
            size = op.args[touch.size_argument]
        # Where the length is open it may be everything above.
        found.append((0, size if type(size) is int else OPEN_BYTES))
    return tuple(found)


def _moved(ranges: Ranges, offset: int | None) -> Ranges:
    """The ranges behind an address that is `offset` from this one."""
    if not ranges:
        return ranges
    return None if ranges is None or offset is None else tuple((at + offset, size) for at, size in ranges)


def _both(first: Ranges, second: Ranges) -> Ranges:
    if first is None or second is None:
        return None
    found = tuple(dict.fromkeys((*first, *second)))
    return found if len(found) <= MAX_RANGES else None


def _joined(found: Behind, more: Behind, offset: int | None) -> Behind:
    """Both; the second of an address that is `offset` from the first's."""
    return Behind(_both(found.reads, _moved(more.reads, offset)), _both(found.writes, _moved(more.writes, offset)), found.kept or more.kept)


@final
class _Walk:
    """One parameter, through the function."""

    def __init__(self, reach: Reach, fn: Function) -> None:
        self._reach = reach
        self._uses: dict[Value, list[Op]] = {}
        self._passed: dict[Value, list[Value]] = {}
        self._offsets: dict[Value, int | None] = {}
        self._work: list[Value] = []
        for op in fn.ops():
            for operand in {each for each in operands(op) if type(each) is Value}:
                self._uses.setdefault(operand, []).append(op)
            for edge in edges(op):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if type(arg) is Value:
                        self._passed.setdefault(arg, []).append(param)

    def run(self, param: Value) -> Behind:
        """Where it goes first, then what is done there: an offset may turn out to be unknown late."""
        self._go(param, 0)
        while self._work:
            self._spread(self._work.pop())
        found = Behind()
        for value, offset in self._offsets.items():
            for op in self._uses.get(value, ()):
                found = _joined(found, self._done(op, value), offset)
                if found.kept:
                    # Whoever finds it may do anything.
                    return ANYTHING
        return found

    def _go(self, value: Value, offset: int | None) -> None:
        if offset is not None and not -MAX_DISTANCE <= offset <= MAX_DISTANCE:
            offset = None
        if value in self._offsets:
            known = self._offsets[value]
            if known is None or known == offset:
                return
            offset = None
        self._offsets[value] = offset
        self._work.append(value)

    def _spread(self, value: Value) -> None:
        """To the values that are made of it."""
        offset = self._offsets[value]
        for param in self._passed.get(value, ()):
            self._go(param, offset)
        for op in self._uses.get(value, ()):
            if isinstance(op, Assume):
                if op.value is value:
                    self._go(op.result, offset)
            elif isinstance(op, Alu):
                self._go(op.result, self._sum(op, value, offset))
            elif isinstance(op, (CallFunction, CallIndirect, CallExtern)):
                # It may come back, from wherever.
                self._go(op.result, None)
            elif isinstance(op, Call) or not op.HAS_RESULT or isinstance(op, (*ACCESSES, PacketLoad)):
                continue
            else:
                self._go(op.result, None)  # type: ignore[attr-defined]

    @staticmethod
    def _sum(op: Alu, value: Value, offset: int | None) -> int | None:
        """The address plus or minus a constant."""
        if offset is None or op.width_bits != 64:
            return None
        if op.kind == "add" and op.lhs is value and type(op.rhs) is int:
            return offset + signed(64, op.rhs)
        if op.kind == "sub" and op.lhs is value and type(op.rhs) is int:
            return offset - signed(64, op.rhs)
        return None

    def _done(self, op: Op, value: Value) -> Behind:
        """What one operation does with the address."""
        if isinstance(op, CALLS):
            found = Behind()
            if isinstance(op, CallIndirect) and op.target is value:
                return ANYTHING
            for index, arg in enumerate(op.args):
                if arg is value:
                    found = _joined(found, self._reach.of_call(op, index), 0)
            return found
        if not isinstance(op, ACCESSES):
            return Behind()
        if isinstance(op, WRITERS) and value in (op.value, getattr(op, "expected", None)):
            return ANYTHING
        at = ((op.offset, op.size_bytes),)
        return Behind(() if isinstance(op, (Store, StoreRelease)) else at, at if isinstance(op, WRITERS) else ())
