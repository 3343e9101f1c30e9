"""The frame as byte-granular memory in memory SSA.

    store.8 v1, -8, v3          m1: bytes -8 … -1 from this store
    call helper 2(…)            m2: the bytes that the helper's table entry says it writes, behind the frame addresses it gets
    v4 = load.4 v1, -8          reads m2; the walk m2 -> m1 finds that these bytes still come from the store

Each operation that may write the frame makes a *version* of it; where versions meet there is a `Join`. A set of frame bytes is an
integer of 512 bits: bit n is the byte at r10 - 512 + n. `FrameMemory` holds the version that each operation sees.

What may point into the frame is found first (`pointers`): results of `frame`, and what arithmetic, renaming, block parameters and
calls make of them; once a frame address was stored anywhere, everything loaded may be one. Pointers to a caller's frame are not
pointers to this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.dominance import reverse_postorder
from bpfcc.bpfir.ops import (
    Alu,
    Assume,
    Atomic,
    AtomicFetch,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    CompareExchange,
    FrameAddr,
    FuncAddr,
    Load,
    LoadAcquire,
    Op,
    Operand,
    Store,
    StoreRelease,
    Value,
    edges,
    operands,
)
from bpfcc.bpfir.renamed import renamed

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.reach import Ranges, Reach

FRAME_BYTES: Final = 512
ALL_BYTES: Final = (1 << FRAME_BYTES) - 1
CALLS: Final = (Call, CallFunction, CallExtern, CallIndirect)
ACCESSES: Final = (Load, Store, LoadAcquire, StoreRelease, Atomic, AtomicFetch, CompareExchange)
WRITERS: Final = (Store, StoreRelease, Atomic, AtomicFetch, CompareExchange)
# The same to look a class up in: no class is made of one of these.
_ACCESSES: Final[frozenset[type[Op]]] = frozenset(ACCESSES)
_CALLS: Final[frozenset[type[Op]]] = frozenset(CALLS)
_WRITERS: Final[frozenset[type[Op]]] = frozenset(WRITERS)
_TOUCHING: Final = _ACCESSES | _CALLS


def byte_mask(offset: int, size: int, frame_bytes: int = FRAME_BYTES) -> int:
    """The bytes at r10 + offset … + size - 1; those outside of the frame are left out."""
    low = max(offset + frame_bytes, 0)
    high = min(offset + frame_bytes + size, frame_bytes)
    return ((1 << (high - low)) - 1) << low if low < high else 0


def frame_offset(operand: Operand) -> int | None:
    """c where `operand` is r10 + c, else None."""
    found = renamed(operand)
    definition = found.definition if type(found) is Value else None
    return definition.offset if type(definition) is FrameAddr else None


def used_bytes(fn: Function) -> int:
    """Bytes of the frame down to the deepest one that the code names or accesses directly; at most all of it."""
    deepest = 0
    for block in fn.blocks:
        for op in block.ops:
            if type(op) is FrameAddr:
                deepest = min(deepest, op.offset)
            elif type(op) in ACCESSES:
                base = frame_offset(op.base)  # type: ignore[attr-defined]
                if base is not None:
                    deepest = min(deepest, base + op.offset)  # type: ignore[attr-defined]
    return min(-deepest, fn.frame_bytes)


@final
class Pointers:
    """Which values may point into this function's frame."""

    __slots__ = ("_reach", "escaped", "values")

    def __init__(self, fn: Function, reach: Reach | None = None) -> None:
        """`reach`: what functions do with addresses that they are given; without it they may keep them all."""
        self._reach = reach
        self.values: set[Value] = set()
        # A frame address was stored in memory: from then on, what is loaded may be one.
        self.escaped = False
        roots = [op.result for block in fn.blocks for op in block.ops if type(op) is FrameAddr]
        if roots:
            self._spread(fn, roots)

    def __contains__(self, operand: Operand) -> bool:
        return type(operand) is Value and operand in self.values

    def _spread(self, fn: Function, work: list[Value]) -> None:
        """Follow the values to what is made of them; `carries` names the results that an operand may flow into."""
        carries: dict[Value, list[Value]] = {}
        stored: set[Value] = set()
        loaded: list[Value] = []
        given: dict[Value, list[tuple[Call | CallFunction | CallExtern | CallIndirect, int]]] = {}
        for block in fn.blocks:
            for op in block.ops:
                _note(op, carries, stored, loaded)
                if isinstance(op, CALLS):
                    for index, arg in enumerate(op.args):
                        if type(arg) is Value:
                            given.setdefault(arg, []).append((op, index))
            for edge in edges(block.terminator):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if type(arg) is Value:
                        carries.setdefault(arg, []).append(param)
        values = self.values
        while work:
            value = work.pop()
            if value in values:
                continue
            values.add(value)
            work += carries.get(value, ())
            if not self.escaped and (value in stored or any(self._keeps(op, index) for op, index in given.get(value, ()))):
                self.escaped = True
                work += loaded

    def _keeps(self, op: Call | CallFunction | CallExtern | CallIndirect, index: int) -> bool:
        """Whether a call may leave an argument in memory, where it is found later."""
        if self._reach is not None:
            return self._reach.of_call(op, index).kept
        return isinstance(op, (CallFunction, CallIndirect)) or any(_is_function(arg) for arg in op.args)


def _is_function(operand: Operand) -> bool:
    """Whether it is the address of a function, which a helper may call."""
    return type(operand) is Value and type(operand.definition) is FuncAddr


def _note(op: Op, carries: dict[Value, list[Value]], stored: set[Value], loaded: list[Value]) -> None:
    """How a frame address could pass through one operation."""
    kind = type(op)
    if kind is Alu or kind is Assume:
        for operand in operands(op):
            if type(operand) is Value:
                carries.setdefault(operand, []).append(op.result)  # type: ignore[attr-defined]
    elif kind in _ACCESSES:
        if op.HAS_RESULT:
            loaded.append(op.result)  # type: ignore[attr-defined]
        if isinstance(op, WRITERS):
            stored.update(v for v in (op.value, getattr(op, "expected", 0)) if type(v) is Value)
    elif isinstance(op, CALLS):
        if not isinstance(op, Call):
            for operand in operands(op):
                if type(operand) is Value:
                    carries.setdefault(operand, []).append(op.result)
        loaded.append(op.result)


@final
class Footprint:
    """Frame bytes that one operation may read and may write. `exact` is the range it is sure to touch, for plain accesses."""

    __slots__ = ("exact", "reads", "writes")

    def __init__(self, reads: int = 0, writes: int = 0, exact: tuple[int, int] | None = None) -> None:
        self.reads = reads
        self.writes = writes
        self.exact = exact


NOTHING: Final = Footprint()


@final
class Footprints:
    """What each operation does to the frame."""

    __slots__ = ("all_bytes", "frame_bytes", "pointers", "reach")

    def __init__(self, fn: Function, reach: Reach) -> None:
        self.reach = reach
        self.pointers = Pointers(fn, reach)
        self.frame_bytes = fn.frame_bytes
        self.all_bytes = (1 << fn.frame_bytes) - 1

    def of(self, op: Op) -> Footprint:
        """The footprint of one operation."""
        kind = type(op)
        if kind in _ACCESSES:
            return self._access(op)  # type: ignore[arg-type]
        if kind in _CALLS:
            return self._call(op)  # type: ignore[arg-type]
        return NOTHING

    def _access(self, op: Load | Store | LoadAcquire | StoreRelease | Atomic | AtomicFetch | CompareExchange) -> Footprint:
        base = frame_offset(op.base)
        if base is None:
            if op.base not in self.pointers:
                return NOTHING
            mask, exact = self.all_bytes, None
        else:
            exact = (base + op.offset, op.size_bytes)
            mask = byte_mask(*exact, self.frame_bytes)
        kind = type(op)
        reads = 0 if kind is Store or kind is StoreRelease else mask
        writes = mask if kind in _WRITERS else 0
        return Footprint(reads, writes, exact)

    def _call(self, op: Call | CallFunction | CallExtern | CallIndirect) -> Footprint:
        given = [index for index, arg in enumerate(op.args) if arg in self.pointers]
        escaped = self.pointers.escaped
        if not given and not escaped:
            return NOTHING
        quiet = isinstance(op, (Call, CallExtern)) and (known := self.reach.effects_of(op)) is not None and not known.calls_back
        if escaped and not quiet:
            return Footprint(self.all_bytes, self.all_bytes)
        reads = writes = 0
        for index in given:
            found, offset = self.reach.of_call(op, index), frame_offset(op.args[index])
            reads |= self._mask(found.reads, offset)
            writes |= self._mask(found.writes, offset)
        # Helpers that print follow addresses inside their data; none writes through them.
        return Footprint(self.all_bytes if escaped else reads, writes)

    def _mask(self, ranges: Ranges, offset: int | None) -> int:
        """The bytes of ranges behind an address of the frame."""
        if not ranges and ranges is not None:
            return 0
        if ranges is None or offset is None:
            return self.all_bytes
        mask = 0
        for at, size in ranges:
            mask |= byte_mask(offset + at, size, self.frame_bytes)
        return mask


# ---- versions ----------------------------------------------------------------------------------------------------------


@final
class Start:
    """The frame as the function finds it: no byte written."""

    __slots__ = ()


@final
class Write:
    """After `op`, which wrote `mask`; where `exact`, every byte of it and nothing but a plain store's value."""

    __slots__ = ("before", "exact", "mask", "op")

    def __init__(self, op: Op, mask: int, before: Version, *, exact: bool) -> None:
        self.op = op
        self.mask = mask
        self.before = before
        self.exact = exact


@final
class Join:
    """Where versions meet: one for each edge into `block`, in the order of `Function.predecessors`."""

    __slots__ = ("block", "incoming")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.incoming: list[Version] = []


Version = Start | Write | Join


@final
class FrameMemory:
    """Memory SSA of one function's frame: `sees[op]` is the version before each operation that may read the frame."""

    __slots__ = ("at_end", "at_start", "footprints", "sees")

    def __init__(self, fn: Function, reach: Reach) -> None:
        self.footprints = Footprints(fn, reach)
        self.sees: dict[Op, Version] = {}
        self.at_start: dict[Block, Version] = {}
        self.at_end: dict[Block, Version] = {}
        order = reverse_postorder(fn)
        position = {block: at for at, block in enumerate(order)}
        sources: dict[Block, list[Block]] = {block: [] for block in order}
        for block in fn.blocks:
            if block in sources:
                for edge in edges(block.terminator):
                    sources[edge.block].append(block)
        joins: list[Join] = []
        for block in order:
            self.at_start[block] = self._enter(block, sources[block], position, joins)
            self.at_end[block] = self._walk(block, self.at_start[block])
        for join in joins:
            join.incoming = [self.at_end[source] for source in sources[join.block]]

    def _enter(self, block: Block, sources: list[Block], position: dict[Block, int], joins: list[Join]) -> Version:
        if not sources:
            return Start()
        known = [self.at_end[s] for s in sources if position[s] < position[block]]
        if len(known) == len(sources) and all(v is known[0] for v in known):
            return known[0]
        join = Join(block)
        joins.append(join)
        return join

    def _walk(self, block: Block, version: Version) -> Version:
        of = self.footprints.of
        for op in block.ops:
            if type(op) not in _TOUCHING:
                continue
            footprint = of(op)
            if footprint.reads:
                self.sees[op] = version
            if footprint.writes:
                exact = isinstance(op, Store) and footprint.exact is not None
                version = Write(op, footprint.writes, version, exact=exact)
        return version
