"""Promote the frame to values: forward what was stored to the loads that see it, then drop stores that nothing reads.

    store.8 v1, -8, v3                store.8 v1, -8, v3         (dropped, unless something else may read these bytes)
    v4 = load.8 v1, -8                v4 is v3

Loads follow the frame's memory SSA (`bpfcc.bpfir.frame`) byte for byte, so a slot whose address was passed to a helper is
promoted too, up to the helper; where versions join, the value becomes a block parameter. A load that would read a byte which
was never written, or written in pieces, stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.dominance import reverse_postorder
from bpfcc.bpfir.frame import FrameMemory, Join, Version, Write, byte_mask, frame_offset
from bpfcc.bpfir.ops import Alu, Cast, Load, Op, Operand, Store, Value, edges

if TYPE_CHECKING:
    from bpfcc.bpfir.frame import Footprint
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Edge
    from bpfcc.bpfir.passes.context import Context

# Steps along versions, on average for each operation of the function; compilers stay far below, hostile code stops here and
# keeps its loads.
WALK_FACTOR: Final = 64
MASK64: Final = (1 << 64) - 1

Cell = tuple[int, int]  # offset from r10, size in bytes


def promote_slots(fn: Function, context: Context) -> bool:
    """Forwarding first, then dead stores."""
    memory = FrameMemory(fn, context.reach)
    if not memory.footprints.pointers.values:
        return False
    forwarded = _Forwarder(fn, memory, big_endian=context.module.endian == "big").run()
    if forwarded:
        memory = FrameMemory(fn, context.reach)
    return _drop_dead_stores(fn, memory) or forwarded


@final
class _Forwarder:
    def __init__(self, fn: Function, memory: FrameMemory, *, big_endian: bool) -> None:
        self.fn = fn
        self.memory = memory
        self.big_endian = big_endian
        self.predecessors = fn.predecessors()
        # Values that were made: what a store left in a cell, and the parameter of a join for a cell.
        self.pieces: dict[tuple[Op, Cell], Operand] = {}
        self.params: dict[tuple[Join, Cell], Value] = {}
        self.hopeless: set[tuple[Join, Cell]] = set()
        self.after: dict[Op, list[Op]] = {}
        self.replacement: dict[Value, Operand] = {}
        self.steps_left = WALK_FACTOR * sum(len(block.ops) + 1 for block in fn.blocks)

    def run(self) -> bool:
        gone: set[Op] = set()
        for block in reverse_postorder(self.fn):
            for op in block.ops:
                if isinstance(op, Load) and op in self.memory.sees and self._forward(op):
                    gone.add(op)
        if not gone:
            return False
        for block in self.fn.blocks:
            ops: list[Op] = []
            for op in block.ops:
                if op not in gone:
                    ops.append(op)
                ops += self.after.get(op, ())
            block.ops = ops
        self.fn.replace(self.replacement)
        return True

    def _forward(self, load: Load) -> bool:
        base = frame_offset(load.base)
        if base is None:
            return False
        cell = (base + load.offset, load.size_bytes)
        if cell[0] < -self.fn.frame_bytes or cell[0] + cell[1] > 0 or not self._possible(self.memory.sees[load], cell):
            return False
        value = self._value(self.memory.sees[load], cell)
        if load.signed:
            result = self.fn.new_value()
            cast = Cast(result, "sext", 8 * load.size_bytes, 64, value, load.insn)  # type: ignore[arg-type]
            result.definition = cast
            self.after.setdefault(load, []).append(cast)
            value = result
        self.replacement[load.result] = value
        return True

    def _source(self, version: Version, mask: int) -> Version:
        """The newest version that wrote a byte of `mask`, or a join or the start."""
        while isinstance(version, Write) and not version.mask & mask:
            version = version.before
            self.steps_left -= 1
        return version

    def _possible(self, version: Version, cell: Cell) -> bool:
        """Whether on every path the cell was last written by plain stores that cover it."""
        mask = byte_mask(*cell, self.fn.frame_bytes)
        seen: set[Join] = set()
        work = [version]
        while work:
            if self.steps_left < 0:
                return False
            version = self._source(work.pop(), mask)
            self.steps_left -= 1
            if isinstance(version, Write):
                if not version.exact or mask & ~version.mask:
                    return False
            elif isinstance(version, Join):
                if (version, cell) in self.hopeless:
                    return False
                if version not in seen and (version, cell) not in self.params:
                    seen.add(version)
                    work += version.incoming
            else:
                self.hopeless.update((join, cell) for join in seen if len(seen) == 1)
                return False
        return True

    def _value(self, version: Version, cell: Cell) -> Operand:
        """The operand that holds the cell at `version`; makes parameters at joins. Only where `_possible` said so."""
        mask = byte_mask(*cell, self.fn.frame_bytes)
        source = self._source(version, mask)
        if isinstance(source, Write):
            return self._piece(source.op, cell)
        if not isinstance(source, Join):
            return 0
        # Joins first get their parameter, then their arguments: a loop leads back here.
        pending = [source] if (source, cell) not in self.params else []
        if pending:
            self._make_param(source, cell)
        while pending:
            join = pending.pop()
            for edge, incoming in zip(self.predecessors[join.block], join.incoming, strict=True):
                self._fill(edge, self._source(incoming, mask), cell, pending)
        return self.params[source, cell]

    def _fill(self, edge: Edge, source: Version, cell: Cell, pending: list[Join]) -> None:
        if isinstance(source, Write):
            edge.args.append(self._piece(source.op, cell))
        elif isinstance(source, Join):
            if (source, cell) not in self.params:
                self._make_param(source, cell)
                pending.append(source)
            edge.args.append(self.params[source, cell])

    def _make_param(self, join: Join, cell: Cell) -> None:
        value = self.fn.new_value(join.block)
        join.block.params.append(value)
        self.params[join, cell] = value

    def _piece(self, store: Op, cell: Cell) -> Operand:
        """The zero-extended content of a cell inside what `store` wrote; made right after the store."""
        known = self.pieces.get((store, cell))
        if known is None:
            known = self.pieces[store, cell] = self._extract(store, cell)
        return known

    def _extract(self, store: Op, cell: Cell) -> Operand:
        if not isinstance(store, Store):
            return 0
        offset, size = cell
        base = frame_offset(store.base)
        first = offset - ((base or 0) + store.offset)
        shift = 8 * (store.size_bytes - size - first if self.big_endian else first)
        value = store.value
        if type(value) is int:
            return (value >> shift) & (MASK64 >> (64 - 8 * size))
        if shift:
            shifted = self.fn.new_value()
            value = self._append(store, Alu(shifted, "rsh", 64, value, shift, store.insn), shifted)
        if size < 8:
            cut = self.fn.new_value()
            value = self._append(store, Cast(cut, "zext", 8 * size, 64, value, store.insn), cut)  # type: ignore[arg-type]
        return value

    def _append(self, store: Op, op: Op, result: Value) -> Value:
        result.definition = op
        self.after.setdefault(store, []).append(op)
        return result


# ---- dead stores -------------------------------------------------------------------------------------------------------


def _drop_dead_stores(fn: Function, memory: FrameMemory) -> bool:
    """Backward liveness of frame bytes; when the function ends none is live."""
    order = reverse_postorder(fn)
    prints: dict[Op, Footprint] = {}
    transfers: dict[Block, tuple[int, int]] = {}
    for block in order:
        for op in block.ops:
            footprint = memory.footprints.of(op)
            if footprint.reads or footprint.writes:
                prints[op] = footprint
        transfers[block] = _summary(block, prints)
    live_in: dict[Block, int] = dict.fromkeys(order, 0)
    changed = True
    while changed:
        changed = False
        for block in reversed(order):
            reads, kills = transfers[block]
            new = reads | (_live_out(block, live_in) & ~kills)
            if new != live_in[block]:
                live_in[block] = new
                changed = True
    dropped = False
    for block in order:
        live = _live_out(block, live_in)
        kept: list[Op] = []
        for op in reversed(block.ops):
            found = prints.get(op)
            if found is not None:
                if _is_dead(op, found, live, fn.frame_bytes):
                    dropped = True
                    continue
                live = found.reads | (live & ~_killed(op, found))
            kept.append(op)
        kept.reverse()
        block.ops = kept
    return dropped


def _live_out(block: Block, live_in: dict[Block, int]) -> int:
    live = 0
    for edge in edges(block.terminator):
        live |= live_in[edge.block]
    return live


def _killed(op: Op, footprint: Footprint) -> int:
    """Bytes that `op` surely overwrites."""
    return footprint.writes if isinstance(op, Store) and footprint.exact is not None else 0


def _summary(block: Block, prints: dict[Op, Footprint]) -> tuple[int, int]:
    reads, kills = 0, 0
    for op in reversed(block.ops):
        footprint = prints.get(op)
        if footprint is not None:
            killed = _killed(op, footprint)
            reads = footprint.reads | (reads & ~killed)
            kills |= killed
    return reads, kills


def _is_dead(op: Op, footprint: Footprint, live: int, frame_bytes: int) -> bool:
    """A store inside the frame whose bytes nobody reads. One that leaves the frame stays: it is a fault to be reported."""
    if not isinstance(op, Store) or footprint.exact is None or footprint.writes & live:
        return False
    offset, size = footprint.exact
    return offset >= -frame_bytes and offset + size <= 0
